import { checkWord } from "../check.js";
import { Optimizer, type Stretch } from "./optimizer.js";
import { amount, type Group, type OptionRules, type ParametersOrGroups } from "./options.js";
import type { StateArray } from "./state.js";

const f = Math.fround;

/** Options of {@link RowwiseAdagrad}. */
export interface RowwiseAdagradOptions {
  /** Learning rate, >= 0. Default: 0.01. */
  lr?: number | undefined;
  /** What the sum of squares starts with, >= 0. Default: 0. */
  initialAccumulatorValue?: number | undefined;
  /** Keeps the division finite. Default: 1e-8. */
  eps?: number | undefined;
  /** How strongly weights are drawn to zero, >= 0. Default: 0. */
  weightDecay?: number | undefined;
  /** Whether decay goes with the gradient ("L2") or, as in AdamW, with the learning rate alone ("decoupled"). Default: "L2". */
  weightDecayMode?: "L2" | "decoupled" | undefined;
}

const rules: OptionRules<RowwiseAdagradOptions> = {
  lr: amount(1e-2),
  initialAccumulatorValue: amount(0),
  eps: amount(1e-8),
  weightDecay: amount(0),
  weightDecayMode: { default: "L2", check: (name, value) => checkWord(name, value, ["L2", "decoupled"]) },
};

/**
 * Adagrad with one sum of squares per row instead of one per element, as FBGEMM's `rowwise_adagrad` trains large tables:
 * s = s + mean(g * g), rate = lr / (sqrt(s) + eps), w = keep * w - rate * grad. With "L2" g = grad + weightDecay * w and
 * keep = 1 - rate * weightDecay; with "decoupled" g = grad and keep = 1 - lr * weightDecay. In floats, each operation rounded, the squares
 * summed in the 8 lanes of a dot product. With a sparse gradient only the touched rows move.
 *
 * @example
 * import { Embedding } from "nn-embedding";
 * import { RowwiseAdagrad } from "nn-embedding/optim";
 * using table = Embedding.fromPretrained(Float32Array.of(1, 2, 3, 4), { embeddingDim: 2, freeze: false, sparse: true });
 * const optimizer = new RowwiseAdagrad([table.weight], { lr: 0.5, eps: 0 });
 * table.backward([1], Float32Array.of(1, -7));
 * optimizer.step();
 * table.weight.data; // => Float32Array [1, 2, 2.9000000953674316, 4.699999809265137]
 * optimizer.stateDict().parameters[0]?.sum; // => Float32Array [0, 25]
 */
export class RowwiseAdagrad extends Optimizer<RowwiseAdagradOptions> {
  /**
   * @param parameters Parameters, or groups `{ parameters, ...options }`.
   * @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE]
   */
  constructor(parameters: ParametersOrGroups<RowwiseAdagradOptions>, options: RowwiseAdagradOptions = {}) {
    super(parameters, options, rules);
  }

  /** @internal */
  protected override arrays(options: Group<RowwiseAdagradOptions>["options"]): readonly StateArray[] {
    return [{ name: "sum", perRow: true, initial: options.initialAccumulatorValue }];
  }

  /** @internal */
  protected override update(stretch: Stretch, options: Group<RowwiseAdagradOptions>["options"]): void {
    const { kernels, weight, arrays, numEmbeddings, embeddingDim, rows, numRows, grad } = stretch;
    const { lr, eps, weightDecay, weightDecayMode } = options;
    kernels.stepRowwiseAdagrad(
      weight,
      arrays.sum,
      numEmbeddings,
      embeddingDim,
      rows,
      numRows,
      grad,
      f(lr),
      f(eps),
      f(weightDecay),
      weightDecayMode === "decoupled",
    );
  }
}
