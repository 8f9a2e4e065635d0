// The module's exports: one kernel a line, each in the file of its name, and what the host must know about the memory they share.
export { gather } from "./gather";
export { scatterAdd } from "./scatterAdd";
export { matmulNN } from "./matmulNN";
export { matmulNT } from "./matmulNT";
export { matmulTN } from "./matmulTN";
export { sumExponentials } from "./sumExponentials";
export { softmaxGradient } from "./softmaxGradient";
export { continueDot } from "./continueDot";
export { heapBase } from "./scratch";
