import type { Family, RowKernels } from "../backend.js";
import { gather } from "../js/gather.js";
import { gatherSum } from "../js/gatherSum.js";
import { scatterAdd } from "../js/scatterAdd.js";
import { stagedRows } from "../wasm/stagedRows.js";

export const rowKernels: Family<RowKernels> = {
  specification: { gather, gatherSum, scatterAdd },
  staged: stagedRows,
};
