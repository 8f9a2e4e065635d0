import { type AdamOptions, adamRules, averages } from "./adam.js";
import { Optimizer, type Stretch } from "./optimizer.js";
import type { Group, ParametersOrGroups } from "./options.js";
import { power } from "./power.js";
import type { StateArray } from "./state.js";

const f = Math.fround;

/** Options of {@link SparseAdam}. */
export type SparseAdamOptions = Omit<AdamOptions, "weightDecay">;

/**
 * Adam for sparse gradients, `torch.optim.SparseAdam`, bit for bit: only the touched rows move, and only their averages. In step t of the
 * parameter m = m + (g - m) * (1 - beta1), v = v + (g * g - v) * (1 - beta2) and
 * w = w - lr * sqrt(1 - beta2^t) / (1 - beta1^t) * (m / (sqrt(v) + eps)), in floats, each operation rounded, but the factor of the last line
 * in doubles. A dense gradient, which PyTorch refuses, touches every row.
 *
 * @example
 * import { Embedding } from "nn-embedding";
 * import { SparseAdam } from "nn-embedding/optim";
 * using table = Embedding.fromPretrained(Float32Array.of(1, 2, 3, 4), { embeddingDim: 2, freeze: false, sparse: true });
 * const optimizer = new SparseAdam([table.weight], { lr: 0.5 });
 * table.backward([1], Float32Array.of(2, -8));
 * optimizer.step();
 * table.weight.data; // => Float32Array [1, 2, 2.5, 4.5]
 */
export class SparseAdam extends Optimizer<SparseAdamOptions> {
  /**
   * @param parameters Parameters, or groups `{ parameters, ...options }`.
   * @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE]
   */
  constructor(parameters: ParametersOrGroups<SparseAdamOptions>, options: SparseAdamOptions = {}) {
    super(parameters, options, adamRules);
  }

  /** @internal */
  protected override arrays(): readonly StateArray[] {
    return averages;
  }

  /** @internal */
  protected override update(stretch: Stretch, options: Group<SparseAdamOptions>["options"]): void {
    const { kernels, weight, arrays, numEmbeddings, embeddingDim, rows, numRows, grad, step } = stretch;
    const [beta1, beta2] = options.betas;
    const stepSize = (options.lr * Math.sqrt(1 - power(beta2, step))) / (1 - power(beta1, step));
    kernels.stepSparseAdam(
      weight,
      arrays.expAvg,
      arrays.expAvgSq,
      numEmbeddings,
      embeddingDim,
      rows,
      numRows,
      grad,
      f(stepSize),
      f(1 - beta1),
      f(1 - beta2),
      f(options.eps),
    );
  }
}
