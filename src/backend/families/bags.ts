import type { BagKernels, Family } from "../backend.js";
import { dotBags } from "../js/dotBags.js";
import { gatherBags } from "../js/gatherBags.js";
import { scatterAddBags } from "../js/scatterAddBags.js";
import { scatterAddMaxBags } from "../js/scatterAddMaxBags.js";
import { stagedBags } from "../wasm/stagedBags.js";

export const bagKernels: Family<BagKernels> = {
  specification: { gatherBags, scatterAddBags, scatterAddMaxBags, dotBags },
  staged: stagedBags,
};
