import { type AdamOptions, adamRules, averages, stepAdam } from "./adam.js";
import { Optimizer, type Stretch } from "./optimizer.js";
import { amount, type Group, type OptionRules, type ParametersOrGroups } from "./options.js";
import type { StateArray } from "./state.js";

/** Options of {@link AdamW}. */
export interface AdamWOptions extends Omit<AdamOptions, "weightDecay"> {
  /** How much of the weight is lost at each step, times lr, >= 0. Default: 0.01. */
  weightDecay?: number | undefined;
}

const rules: OptionRules<AdamWOptions> = { ...adamRules, weightDecay: amount(1e-2) };

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019), `torch.optim.AdamW`: w = (1 - lr * weightDecay) * w, then a step of
 * {@link Adam} with the gradient as it is. With a sparse gradient, which PyTorch refuses, only the touched rows are updated and decay.
 *
 * @example
 * import { Embedding } from "nn-embedding";
 * import { AdamW } from "nn-embedding/optim";
 * using table = Embedding.fromPretrained(Float32Array.of(1, 2, 3, 4), { embeddingDim: 2, freeze: false });
 * const optimizer = new AdamW([table.weight], { lr: 0.5, weightDecay: 0.5 });
 * table.backward([1], Float32Array.of(2, -8));
 * optimizer.step();
 * table.weight.data; // => Float32Array [0.75, 1.5, 1.75, 3.5]
 */
export class AdamW extends Optimizer<AdamWOptions> {
  /**
   * @param parameters Parameters, or groups `{ parameters, ...options }`.
   * @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE]
   */
  constructor(parameters: ParametersOrGroups<AdamWOptions>, options: AdamWOptions = {}) {
    super(parameters, options, rules);
  }

  /** @internal */
  protected override arrays(): readonly StateArray[] {
    return averages;
  }

  /** @internal */
  protected override update(stretch: Stretch, options: Group<AdamWOptions>["options"]): void {
    stepAdam(stretch, options, 0, 1 - options.lr * options.weightDecay);
  }
}
