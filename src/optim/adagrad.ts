import { checkNumber, checkOptions } from "../check.js";
import type { DenseGradient, SparseGradient } from "../gradient.js";
import type { Parameter } from "../parameter.js";
import { forEachStretch, Optimizer, type ParameterState } from "./optimizer.js";

const f = Math.fround;

/** What {@link Adagrad} may be told. */
export interface AdagradOptions {
  /** Learning rate, >= 0. Default: 0.01. */
  lr?: number;
  /** The learning rate of step t is lr / (1 + (t - 1) * lrDecay). Default: 0. */
  lrDecay?: number;
  /** What the sum of squares starts with, >= 0. Default: 0. */
  initialAccumulatorValue?: number;
  /** Keeps the division finite. Default: 1e-10. */
  eps?: number;
}

/**
 * Adagrad (Duchi, Hazan and Singer 2011), `torch.optim.Adagrad`: each element has its own sum of squared gradients s, and
 * s = s + g * g, w = w - (lr * g) / (sqrt(s) + eps), in floats, each operation rounded. With a sparse gradient only the touched rows
 * move, and they move as they would with a dense one.
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
export class Adagrad extends Optimizer {
  /** @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE] */
  constructor(parameters: Iterable<Parameter>, options: AdagradOptions = {}) {
    checkOptions(options, ["lr", "lrDecay", "initialAccumulatorValue", "eps"]);
    const { lr = 1e-2, lrDecay = 0, initialAccumulatorValue = 0, eps = 1e-10 } = options;
    checkNumber("lr", lr, 0);
    checkNumber("lrDecay", lrDecay, 0);
    checkNumber("initialAccumulatorValue", initialAccumulatorValue, 0);
    checkNumber("eps", eps, 0);
    super(parameters, { lr, lrDecay, initialAccumulatorValue, eps });
  }

  /** @internal */
  protected override initialState({ shape }: Parameter): ParameterState {
    return { step: 0, sum: new Float32Array(shape[0] * shape[1]).fill(this.options.initialAccumulatorValue) };
  }

  /** @internal */
  protected override update(parameter: Parameter, grad: DenseGradient | SparseGradient, state: ParameterState): void {
    const { data } = parameter;
    const lr = f(this.options.lr / (1 + (state.step - 1) * this.options.lrDecay));
    const eps = f(this.options.eps);
    const sum = state.sum as Float32Array;
    const { values } = grad;
    forEachStretch(parameter, grad, (at, from, length) => {
      for (let i = 0; i < length; i++) {
        const g = values[from + i];
        const s = f(sum[at + i] + f(g * g));
        sum[at + i] = s;
        data[at + i] -= f(f(lr * g) / f(f(Math.sqrt(s)) + eps));
      }
    });
  }
}
