import type { BagKernels, Family, LogitKernels, MatmulKernels, RowKernels } from "../backend.js";
import { keepGreatest } from "../js/keepGreatest.js";
import { softmaxGradient } from "../js/softmaxGradient.js";
import { sumExponentials } from "../js/sumExponentials.js";
import { stagedLoss } from "../wasm/stagedLoss.js";
import { bagKernels } from "./bags.js";
import { matmulKernels } from "./matmul.js";
import { rowKernels } from "./rows.js";

/** Kernels that take logits, and the families of the others that a loss needs. */
export type LossKernels = RowKernels & BagKernels & MatmulKernels & LogitKernels;

export const lossKernels: Family<LossKernels> = {
  specification: {
    ...rowKernels.specification,
    ...bagKernels.specification,
    ...matmulKernels.specification,
    ...{ sumExponentials, softmaxGradient, keepGreatest },
  },
  staged: (staging) => ({
    ...rowKernels.staged(staging),
    ...bagKernels.staged(staging),
    ...matmulKernels.staged(staging),
    ...stagedLoss(staging),
  }),
};
