// The module's exports: one kernel a line, each in the file of its name, and what the host must know about the memory they share.
export { gather } from "./gather";
export { gatherSum } from "./gatherSum";
export { scatterAdd } from "./scatterAdd";
export { gatherBags } from "./gatherBags";
export { scatterAddBags } from "./scatterAddBags";
export { scatterAddMaxBags } from "./scatterAddMaxBags";
export { dotBags } from "./dotBags";
export { matmulNN } from "./matmulNN";
export { matmulNT } from "./matmulNT";
export { matmulTN } from "./matmulTN";
export { continueDot } from "./continueDot";
export { heapBase } from "./scratch";
