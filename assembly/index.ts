// The module's exports and nothing else: the kernels, each in the file of its name, and a word with the host (heapBase).

export { gather } from "./gather";
export { gatherSum } from "./gatherSum";
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
