import type { Family, StepKernels } from "../backend.js";
import { stepAdagrad } from "../js/stepAdagrad.js";
import { stepAdam } from "../js/stepAdam.js";
import { stepRowwiseAdagrad } from "../js/stepRowwiseAdagrad.js";
import { stepSGD } from "../js/stepSGD.js";
import { stepSparseAdam } from "../js/stepSparseAdam.js";
import { stagedSteps } from "../wasm/stagedSteps.js";

export const stepKernels: Family<StepKernels> = {
  specification: { stepSGD, stepAdagrad, stepRowwiseAdagrad, stepAdam, stepSparseAdam },
  staged: stagedSteps,
};
