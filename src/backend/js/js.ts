import { ArrayBufferBlock } from "../arrayBufferBlock.js";
import type { Backend, Candidate, Kernels } from "../backend.js";
import { dotBags } from "./dotBags.js";
import { drawCbow } from "./drawCbow.js";
import { drawSkipGram } from "./drawSkipGram.js";
import { gather } from "./gather.js";
import { gatherBags } from "./gatherBags.js";
import { gatherSum } from "./gatherSum.js";
import { keepGreatest } from "./keepGreatest.js";
import { matmulNN } from "./matmulNN.js";
import { matmulNT } from "./matmulNT.js";
import { matmulTN } from "./matmulTN.js";
import { scatterAdd } from "./scatterAdd.js";
import { scatterAddBags } from "./scatterAddBags.js";
import { scatterAddMaxBags } from "./scatterAddMaxBags.js";
import { softmaxGradient } from "./softmaxGradient.js";
import { stepAdagrad } from "./stepAdagrad.js";
import { stepAdam } from "./stepAdam.js";
import { stepCbow } from "./stepCbow.js";
import { stepRowwiseAdagrad } from "./stepRowwiseAdagrad.js";
import { stepSGD } from "./stepSGD.js";
import { stepSkipGram } from "./stepSkipGram.js";
import { stepSparseAdam } from "./stepSparseAdam.js";
import { sumExponentials } from "./sumExponentials.js";

/** The kernels in plain TypeScript: the specification, and the fastest way to do very little. */
export const specification: Kernels = {
  ...{ gather, gatherSum, scatterAdd },
  ...{ gatherBags, scatterAddBags, scatterAddMaxBags, dotBags },
  ...{ matmulNN, matmulNT, matmulTN },
  ...{ sumExponentials, softmaxGradient, keepGreatest },
  ...{ stepSGD, stepAdagrad, stepRowwiseAdagrad, stepAdam, stepSparseAdam },
  ...{ stepSkipGram, stepCbow },
  ...{ drawSkipGram, drawCbow },
};

const backend: Backend = {
  name: "js",
  isa: "scalar",
  kernels: specification,
  callCost: 0,
  allocate: (byteLength) => new ArrayBufferBlock(byteLength),
  moves: () => false,
};

/** The backend that is always there. */
export const candidates: readonly Candidate[] = [{ name: "js", isa: "scalar", open: () => backend }];
