import { Optimizer, type Stretch } from "./optimizer.js";
import { amount, decayRates, type Group, type OptionRules, type ParametersOrGroups } from "./options.js";
import { power } from "./power.js";
import type { StateArray } from "./state.js";

const f = Math.fround;

/** Options of {@link Adam}. */
export interface AdamOptions {
  /** Learning rate, >= 0. Default: 0.001. */
  lr?: number | undefined;
  /** How much of the averages of gradients and of their squares stays at each step, in [0, 1). Default: [0.9, 0.999]. */
  betas?: readonly [number, number] | undefined;
  /** Keeps the division finite. Default: 1e-8. */
  eps?: number | undefined;
  /** How much of the weight is added to the gradient, >= 0. Default: 0. */
  weightDecay?: number | undefined;
}

/** @internal What Adam, AdamW and SparseAdam agree on. */
export const adamRules: OptionRules<Omit<AdamOptions, "weightDecay">> = {
  lr: amount(1e-3),
  betas: decayRates([0.9, 0.999]),
  eps: amount(1e-8),
};

const rules: OptionRules<AdamOptions> = { ...adamRules, weightDecay: amount(0) };

/** @internal What Adam, AdamW and SparseAdam remember. */
export const averages: readonly StateArray[] = [{ name: "expAvg" }, { name: "expAvgSq" }];

/**
 * Adam (Kingma and Ba 2015), `torch.optim.Adam`. In step t, with g = grad + weightDecay * w: m = beta1 * m + (1 - beta1) * g,
 * v = beta2 * v + (1 - beta2) * g * g, w = w - (lr / (1 - beta1^t) * m) / (sqrt(v) / sqrt(1 - beta2^t) + eps), in floats, each operation
 * rounded, but the corrections by powers in doubles.
 *
 * With a sparse gradient, which PyTorch refuses, only the touched rows move, and only their averages and their weights decay; t counts the
 * parameter's steps, not the row's. {@link SparseAdam} is the same with other roundings and with eps before the correction, as PyTorch has it.
 *
 * @example
 * import { Embedding } from "nn-embedding";
 * import { Adam } from "nn-embedding/optim";
 * using table = Embedding.fromPretrained(Float32Array.of(1, 2, 3, 4), { embeddingDim: 2, freeze: false });
 * const optimizer = new Adam([table.weight], { lr: 0.5 });
 * table.backward([1], Float32Array.of(2, -8));
 * optimizer.step();
 * table.weight.data; // => Float32Array [1, 2, 2.5, 4.5]
 */
export class Adam extends Optimizer<AdamOptions> {
  /**
   * @param parameters Parameters, or groups `{ parameters, ...options }`.
   * @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE]
   */
  constructor(parameters: ParametersOrGroups<AdamOptions>, options: AdamOptions = {}) {
    super(parameters, options, rules);
  }

  /** @internal */
  protected override arrays(): readonly StateArray[] {
    return averages;
  }

  /** @internal */
  protected override update(stretch: Stretch, options: Group<AdamOptions>["options"]): void {
    stepAdam(stretch, options, options.weightDecay, 1);
  }
}

/** @internal The step of Adam and AdamW: weight decay goes into the gradient or, by what is kept of the weight, beside it. */
export function stepAdam(
  stretch: Stretch,
  options: Group<AdamOptions>["options"],
  weightDecay: number,
  keep: number,
): void {
  const { kernels, weight, arrays, numEmbeddings, embeddingDim, rows, numRows, grad, step } = stretch;
  const [beta1, beta2] = options.betas;
  const stepSize = options.lr / (1 - power(beta1, step));
  const rootCorrection = Math.sqrt(1 - power(beta2, step));
  kernels.stepAdam(
    weight,
    arrays.expAvg,
    arrays.expAvgSq,
    numEmbeddings,
    embeddingDim,
    rows,
    numRows,
    grad,
    f(stepSize),
    f(beta1),
    f(1 - beta1),
    f(beta2),
    f(1 - beta2),
    f(rootCorrection),
    f(options.eps),
    f(weightDecay),
    f(keep),
  );
}
