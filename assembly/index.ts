// The module's exports and nothing else: the kernels, each in the file of its name, and two words with the host (continueDot, heapBase).

export { continueDot } from "./continueDot";
export { gather } from "./gather";
export { matmulNN } from "./matmulNN";
export { matmulNT } from "./matmulNT";
export { matmulTN } from "./matmulTN";
export { scatterAdd } from "./scatterAdd";
export { heapBase } from "./scratch";
