import { noFloats } from "../backend/backend.js";
import { rangeError } from "../errors.js";
import { Optimizer, type Stretch } from "./optimizer.js";
import { amount, flag, type Group, type OptionRules, type ParametersOrGroups } from "./options.js";
import type { StateArray } from "./state.js";

const f = Math.fround;

/** Options of {@link SGD}. */
export interface SGDOptions {
  /** Learning rate, >= 0. Default: 0.001. */
  lr?: number | undefined;
  /** How much of the last steps' direction each step keeps, >= 0. Default: 0. */
  momentum?: number | undefined;
  /** How much of the gradient is left out of that direction, >= 0. Default: 0. */
  dampening?: number | undefined;
  /** Whether to look one step of momentum ahead; needs a momentum and no dampening. Default: false. */
  nesterov?: boolean | undefined;
  /** How much of the weight is added to the gradient, >= 0. Default: 0. */
  weightDecay?: number | undefined;
}

const rules: OptionRules<SGDOptions> = {
  lr: amount(1e-3),
  momentum: amount(0),
  dampening: amount(0),
  nesterov: flag(false),
  weightDecay: amount(0),
};

/**
 * Stochastic gradient descent, `torch.optim.SGD`: g = grad + weightDecay * w; with momentum b = momentum * b + (1 - dampening) * g (in
 * the parameter's first step b = g) and g = b, or with `nesterov` g = g + momentum * b; w = w - lr * g. In floats, each operation rounded
 * (PyTorch fuses products and sums: the results agree to 1e-6 relative).
 *
 * With a sparse gradient the touched rows move, lose weight and gain momentum, and no other; PyTorch lets other rows go on by their
 * momentum, and refuses weight decay.
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
export class SGD extends Optimizer<SGDOptions> {
  /**
   * @param parameters Parameters, or groups `{ parameters, ...options }`.
   * @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE]
   */
  constructor(parameters: ParametersOrGroups<SGDOptions>, options: SGDOptions = {}) {
    super(parameters, options, rules);
  }

  /** @internal */
  protected override checkTogether(
    prefix: string,
    { nesterov, momentum, dampening }: Group<SGDOptions>["options"],
  ): void {
    if (!nesterov || (momentum > 0 && dampening === 0)) return;
    const why = momentum === 0 ? "a momentum of 0" : `a dampening of ${dampening}`;
    throw rangeError("ERR_OUT_OF_RANGE", `${prefix}nesterov is true, expected false with ${why}`);
  }

  /** @internal */
  protected override arrays({ momentum }: Group<SGDOptions>["options"]): readonly StateArray[] {
    return momentum === 0 ? [] : [{ name: "momentumBuffer", optional: true }];
  }

  /** @internal */
  protected override update(stretch: Stretch, options: Group<SGDOptions>["options"]): void {
    const { kernels, weight, arrays, numEmbeddings, embeddingDim, rows, numRows, grad, isFresh } = stretch;
    const { lr, momentum, dampening, nesterov, weightDecay } = options;
    const buffer = momentum === 0 ? noFloats : arrays.momentumBuffer;
    const undamped = isFresh ? 1 : 1 - dampening;
    kernels.stepSGD(
      weight,
      buffer,
      numEmbeddings,
      embeddingDim,
      rows,
      numRows,
      grad,
      f(lr),
      f(momentum),
      f(undamped),
      nesterov,
      f(weightDecay),
    );
  }
}
