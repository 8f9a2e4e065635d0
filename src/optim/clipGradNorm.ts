import { checkNumber } from "../check.js";
import { checkNormType, powerOf, rootOf } from "../norm.js";
import type { Parameter } from "../parameter.js";
import { checkParameters, toList } from "./options.js";

const f = Math.fround;

/**
 * Scales the gradients of all parameters down, where their norm taken together is above maxNorm: `torch.nn.utils.clip_grad_norm_`.
 * Dense and sparse gradients alike; those of a parameter that has none count nothing.
 *
 * The norm is summed in doubles and rounded once; gradients are multiplied by maxNorm / (norm + 1e-6), in floats, each operation rounded.
 * The same bits on every backend. As in PyTorch a norm that is NaN makes the gradients NaN, and an infinite one makes them 0 (or NaN).
 *
 * @param parameters Those whose gradients together make the norm; one without a gradient is passed over.
 * @param maxNorm The norm to keep, >= 0.
 * @param normType p > 0 of the p-norm, Infinity for the greatest absolute value.
 * @returns The norm before.
 * @throws TypeError [ERR_INVALID_ARG_TYPE], [ERR_DISPOSED]; RangeError [ERR_OUT_OF_RANGE]; Error [ERR_IN_USE] while a `lossAsync` adds
 * to one of the gradients. Nothing is changed then.
 * @example
 * import { Embedding } from "nn-embedding";
 * import { clipGradNorm } from "nn-embedding/optim";
 * using table = new Embedding(3, 2, { sparse: true });
 * table.backward([1], Float32Array.of(3, -4));
 * clipGradNorm([table.weight], 1); // => 5
 * table.weight.grad?.values; // => Float32Array [0.5999999046325684, -0.7999998331069946]
 */
export function clipGradNorm(parameters: Iterable<Parameter>, maxNorm: number, normType = 2): number {
  const list = checkParameters("parameters", toList("parameters", parameters, "an array of Parameters"));
  checkNumber("maxNorm", maxNorm, 0);
  checkNormType(normType);
  for (const parameter of list) {
    parameter.checkInUse();
    parameter.gradInFlight.check();
  }
  const gradients = list.flatMap(({ grad }) => (grad === null ? [] : [grad.values]));
  const norm = f(normOf(gradients, normType));
  const factor = f(f(1 / f(norm + f(1e-6))) * f(maxNorm));
  if (factor >= 1) return norm;
  for (const values of gradients) for (let i = 0; i < values.length; i++) values[i] *= factor;
  return norm;
}

/** (Σ |x| ** p) ** (1 / p). */
function normOf(gradients: readonly Float32Array[], p: number): number {
  const sums = [0, 0, 0, 0];
  const total = (): number => sums[0] + sums[2] + (sums[1] + sums[3]);
  if (p === 2) {
    for (const values of gradients) addSquares(values, sums);
    return Math.sqrt(total());
  }
  if (p === 1) {
    for (const values of gradients) for (let i = 0; i < values.length; i++) sums[i & 3] += Math.abs(values[i]);
    return total();
  }
  let most = 0;
  for (const values of gradients) for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i])); // NaN if one is
  if (p === Number.POSITIVE_INFINITY || !(most > 0) || most === Number.POSITIVE_INFINITY) return most;
  // Of the greatest: no power is above 1, so nothing overflows, and their sum is at least 1.
  for (const values of gradients) {
    for (let i = 0; i < values.length; i++) sums[i & 3] += powerOf(Math.abs(values[i]) / most, p);
  }
  return most * rootOf(total(), p);
}

/** Four sums side by side, for one addition has to wait for the one before: the places of an array go to them in turn. */
function addSquares(values: Float32Array, sums: number[]): void {
  let [s0, s1, s2, s3] = sums;
  let i = 0;
  for (const end = values.length & ~3; i < end; i += 4) {
    s0 += values[i] * values[i];
    s1 += values[i + 1] * values[i + 1];
    s2 += values[i + 2] * values[i + 2];
    s3 += values[i + 3] * values[i + 3];
  }
  sums.splice(0, 4, s0, s1, s2, s3);
  for (; i < values.length; i++) sums[i & 3] += values[i] * values[i];
}
