// The module's exports and nothing else: the kernels, each in the file of its name, and a word with the host (heapBase).

export { dotBags } from "./dotBags";
export { drawCbow } from "./drawCbow";
export { drawSkipGram } from "./drawSkipGram";
export { gather } from "./gather";
export { gatherBags } from "./gatherBags";
export { gatherSum } from "./gatherSum";
export { keepGreatest } from "./keepGreatest";
export { matmulNN } from "./matmulNN";
export { matmulNT } from "./matmulNT";
export { matmulTN } from "./matmulTN";
export { scatterAdd } from "./scatterAdd";
export { scatterAddBags } from "./scatterAddBags";
export { scatterAddMaxBags } from "./scatterAddMaxBags";
export { heapBase } from "./scratch";
export { softmaxGradient } from "./softmaxGradient";
export { stepAdagrad } from "./stepAdagrad";
export { stepAdam } from "./stepAdam";
export { stepCbow } from "./stepCbow";
export { stepRowwiseAdagrad } from "./stepRowwiseAdagrad";
export { stepSGD } from "./stepSGD";
export { stepSkipGram } from "./stepSkipGram";
export { stepSparseAdam } from "./stepSparseAdam";
export { sumExponentials } from "./sumExponentials";
