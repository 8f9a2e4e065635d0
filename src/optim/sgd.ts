import { checkNumber, checkOptions } from "../check.js";
import type { DenseGradient, SparseGradient } from "../gradient.js";
import type { Parameter } from "../parameter.js";
import { forEachStretch, Optimizer, type ParameterState } from "./optimizer.js";

const f = Math.fround;

/** What {@link SGD} may be told. */
export interface SGDOptions {
  /** Learning rate, >= 0. Default: 0.001. */
  lr?: number;
}

/**
 * Stochastic gradient descent, `torch.optim.SGD`: w = w - lr * g, in floats, the product rounded (PyTorch fuses it for sparse
 * gradients: the results agree to 1e-6 relative).
 *
 * @example
 * import { Embedding } from "nn-embedding";
 * import { SGD } from "nn-embedding/optim";
 * using table = Embedding.fromPretrained(Float32Array.of(1, 2, 3, 4), { embeddingDim: 2, freeze: false, sparse: true });
 * const optimizer = new SGD([table.weight], { lr: 0.5 });
 * table.backward([1], Float32Array.of(2, 2));
 * optimizer.step();
 * table.weight.data; // => Float32Array [1, 2, 2, 3]
 */
export class SGD extends Optimizer {
  /** @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE] */
  constructor(parameters: Iterable<Parameter>, options: SGDOptions = {}) {
    checkOptions(options, ["lr"]);
    const { lr = 1e-3 } = options;
    checkNumber("lr", lr, 0);
    super(parameters, { lr });
  }

  /** @internal */
  protected override initialState(): ParameterState {
    return { step: 0 };
  }

  /** @internal */
  protected override update(parameter: Parameter, grad: DenseGradient | SparseGradient): void {
    const { data } = parameter;
    const lr = f(this.options.lr);
    const { values } = grad;
    forEachStretch(parameter, grad, (at, from, length) => {
      for (let i = 0; i < length; i++) data[at + i] -= f(lr * values[from + i]);
    });
  }
}
