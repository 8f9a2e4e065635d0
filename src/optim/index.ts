/**
 * Optimizers that take dense and sparse gradients. With a sparse one no other row moves.
 *
 * @module nn-embedding/optim
 */
export { Adagrad, type AdagradOptions } from "./adagrad.js";
export { Adam, type AdamOptions } from "./adam.js";
export { AdamW, type AdamWOptions } from "./adamW.js";
export { clipGradNorm } from "./clipGradNorm.js";
export type { Optimizer, OptimizerState } from "./optimizer.js";
export type { Group, ParameterGroup, ParametersOrGroups } from "./options.js";
export { RowwiseAdagrad, type RowwiseAdagradOptions } from "./rowwiseAdagrad.js";
export { SGD, type SGDOptions } from "./sgd.js";
export { SparseAdam, type SparseAdamOptions } from "./sparseAdam.js";
export type { ParameterState } from "./state.js";
