import type { Family, Kernels } from "../backend.js";
import { dotBags } from "../js/dotBags.js";
import { gatherBags } from "../js/gatherBags.js";
import { scatterAddBags } from "../js/scatterAddBags.js";
import { scatterAddMaxBags } from "../js/scatterAddMaxBags.js";
import { stagedBags } from "../wasm/stagedBags.js";

/** Kernels of bags. */
export type BagKernels = Pick<Kernels, "gatherBags" | "scatterAddBags" | "scatterAddMaxBags" | "dotBags">;

export const bagKernels: Family<BagKernels> = {
  specification: { gatherBags, scatterAddBags, scatterAddMaxBags, dotBags },
  staged: stagedBags,
};
