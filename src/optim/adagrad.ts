import { Optimizer, type Stretch } from "./optimizer.js";
import { amount, type Group, type OptionRules, type ParametersOrGroups } from "./options.js";
import type { StateArray } from "./state.js";

const f = Math.fround;

/** Options of {@link Adagrad}. */
export interface AdagradOptions {
  /** Learning rate, >= 0. Default: 0.01. */
  lr?: number | undefined;
  /** The learning rate of step t is lr / (1 + (t - 1) * lrDecay). Default: 0. */
  lrDecay?: number | undefined;
  /** What the sum of squares starts with, >= 0. Default: 0. */
  initialAccumulatorValue?: number | undefined;
  /** Keeps the division finite. Default: 1e-10. */
  eps?: number | undefined;
  /** How much of the weight is added to the gradient, >= 0. Default: 0. */
  weightDecay?: number | undefined;
}

const rules: OptionRules<AdagradOptions> = {
  lr: amount(1e-2),
  lrDecay: amount(0),
  initialAccumulatorValue: amount(0),
  eps: amount(1e-10),
  weightDecay: amount(0),
};

/**
 * Adagrad (Duchi, Hazan and Singer 2011), `torch.optim.Adagrad`: each element has its own sum of squared gradients s. With
 * g = grad + weightDecay * w: s = s + g * g, w = w - (lr * g) / (sqrt(s) + eps), in floats, each operation rounded. With a sparse
 * gradient only the touched rows are updated, as they would be with a dense one; PyTorch refuses weight decay then.
 *
 * @example
 * import { Embedding } from "nn-embedding";
 * import { Adagrad } from "nn-embedding/optim";
 * using table = Embedding.fromPretrained(Float32Array.of(1, 2, 3, 4), { embeddingDim: 2, freeze: false, sparse: true });
 * const optimizer = new Adagrad([table.weight], { lr: 0.5 });
 * table.backward([1], Float32Array.of(2, -8));
 * optimizer.step();
 * table.weight.data; // => Float32Array [1, 2, 2.5, 4.5]
 */
export class Adagrad extends Optimizer<AdagradOptions> {
  /**
   * @param parameters Parameters, or groups `{ parameters, ...options }`.
   * @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE]
   */
  constructor(parameters: ParametersOrGroups<AdagradOptions>, options: AdagradOptions = {}) {
    super(parameters, options, rules);
  }

  /** @internal */
  protected override arrays(options: Group<AdagradOptions>["options"]): readonly StateArray[] {
    return [{ name: "sum", initial: options.initialAccumulatorValue }];
  }

  /** @internal */
  protected override update(stretch: Stretch, options: Group<AdagradOptions>["options"]): void {
    const { kernels, weight, arrays, numEmbeddings, embeddingDim, rows, numRows, grad, step } = stretch;
    const lr = options.lr / (1 + (step - 1) * options.lrDecay);
    kernels.stepAdagrad(
      weight,
      arrays.sum,
      numEmbeddings,
      embeddingDim,
      rows,
      numRows,
      grad,
      f(lr),
      f(options.eps),
      f(options.weightDecay),
    );
  }
}
