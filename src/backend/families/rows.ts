import type { Family, Kernels } from "../backend.js";
import { gather } from "../js/gather.js";
import { gatherSum } from "../js/gatherSum.js";
import { scatterAdd } from "../js/scatterAdd.js";
import { stagedRows } from "../wasm/stagedRows.js";

/** Kernels that move rows from and to a table. */
export type RowKernels = Pick<Kernels, "gather" | "gatherSum" | "scatterAdd">;

export const rowKernels: Family<RowKernels> = {
  specification: { gather, gatherSum, scatterAdd },
  staged: stagedRows,
};
