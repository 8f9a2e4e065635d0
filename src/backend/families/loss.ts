import type { Family, Kernels } from "../backend.js";
import { keepGreatest } from "../js/keepGreatest.js";
import { softmaxGradient } from "../js/softmaxGradient.js";
import { sumExponentials } from "../js/sumExponentials.js";
import { stagedBags } from "../wasm/stagedBags.js";
import { stagedLoss } from "../wasm/stagedLoss.js";
import { stagedMatmul } from "../wasm/stagedMatmul.js";
import { stagedRows } from "../wasm/stagedRows.js";
import type { Staging } from "../wasm/staging.js";
import { type BagKernels, bagKernels } from "./bags.js";
import { type MatmulKernels, matmulKernels } from "./matmul.js";
import { type RowKernels, rowKernels } from "./rows.js";

/** Kernels that take logits, and all others that a loss or a top-k needs. */
export type LossKernels = RowKernels &
  BagKernels &
  MatmulKernels &
  Pick<Kernels, "sumExponentials" | "softmaxGradient" | "keepGreatest">;

export const lossKernels: Family<LossKernels> = {
  specification: {
    ...rowKernels.specification,
    ...bagKernels.specification,
    ...matmulKernels.specification,
    ...{ sumExponentials, softmaxGradient, keepGreatest },
  },
  staged: (staging: Staging) => ({
    ...stagedRows(staging),
    ...stagedBags(staging),
    ...stagedMatmul(staging),
    ...stagedLoss(staging),
  }),
};
