import type { Family, MatmulKernels } from "../backend.js";
import { matmulNN } from "../js/matmulNN.js";
import { matmulNT } from "../js/matmulNT.js";
import { matmulTN } from "../js/matmulTN.js";
import { stagedMatmul } from "../wasm/stagedMatmul.js";

export const matmulKernels: Family<MatmulKernels> = {
  specification: { matmulNN, matmulNT, matmulTN },
  staged: stagedMatmul,
};
