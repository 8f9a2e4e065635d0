// The module's exports: one kernel a line, each in the file of its name, and what the host must know about the memory they share.

export { continueDot } from "./continueDot";
export { gather } from "./gather";
export { matmulNN } from "./matmulNN";
export { matmulNT } from "./matmulNT";
export { matmulTN } from "./matmulTN";
export { scatterAdd } from "./scatterAdd";
export { heapBase } from "./scratch";
export { stepAdagrad } from "./stepAdagrad";
export { stepAdam } from "./stepAdam";
export { stepRowwiseAdagrad } from "./stepRowwiseAdagrad";
export { stepSGD } from "./stepSGD";
export { stepSparseAdam } from "./stepSparseAdam";
