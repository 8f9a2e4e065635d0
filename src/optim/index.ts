/** The public names of `nn-embedding/optim`. */
export { Adagrad, type AdagradOptions } from "./adagrad.js";
export type { Optimizer, OptimizerState, ParameterState } from "./optimizer.js";
export { SGD, type SGDOptions } from "./sgd.js";
