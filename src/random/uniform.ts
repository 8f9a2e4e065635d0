import { rangeError, show } from "../errors.js";
import { fusedMultiplyAdd, largestFloat } from "./fused.js";
import type { Generator } from "./generator.js";

/**
 * Fills `out` with uniform samples: `torch.empty(n).uniform_(from, to, generator=generator)`, bit for bit, as PyTorch's
 * CPU build with AVX2 (or AVX-512) draws them (`ATen/core/TransformationHelper.h`): a 24-bit u in [0, 1), then
 * u * (to - from) + from in floats and with one rounding, which may reach `to`.
 *
 * @param out any length, also 0
 * @param generator the stream to draw from: out.length draws
 * @param from the lower end; it, `to` and `to - from` are rounded to a float first
 * @param to the upper end, not below `from`
 * @returns `out`
 * @throws RangeError [ERR_OUT_OF_RANGE] if `from`, `to` or `to - from` is no finite float, or `from` is above `to`
 * @example
 * import { Generator } from "nn-embedding";
 * import { fillUniform } from "./uniform.js";
 * const values = fillUniform(new Float32Array(3), new Generator(123), -0.5, 0.5);
 * values[0].toFixed(4); // => "-0.2039"
 */
export function fillUniform(out: Float32Array, generator: Generator, from: number, to: number): Float32Array {
  if (from > to) throw rangeError("ERR_OUT_OF_RANGE", `from is ${show(from)}, expected a number <= to, which is ${to}`);
  const low = Math.fround(from);
  const width = Math.fround(Math.fround(to) - low);
  if (!(Math.abs(low) <= largestFloat && width <= largestFloat)) {
    throw rangeError("ERR_OUT_OF_RANGE", `to - from is ${to - from}, expected ends and a difference that fit a float`);
  }
  generator.fillFloat32(out);
  for (let i = 0; i < out.length; i++) out[i] = fusedMultiplyAdd(out[i], width, low);
  return out;
}

/**
 * The bound of the uniform weights of a linear layer: `kaiming_uniform_(weight, a=math.sqrt(5))`, in the doubles of
 * `torch/nn/init.py`. Mathematically 1 / sqrt(fanIn); the last bit may be another.
 *
 * @param fanIn the number of inputs; 0 gives 0
 * @example
 * import { linearWeightBound } from "./uniform.js";
 * linearWeightBound(4); // => 0.49999999999999994
 */
export function linearWeightBound(fanIn: number): number {
  if (fanIn === 0) return 0;
  const slope = Math.sqrt(5);
  const gain = Math.sqrt(2 / (1 + slope * slope));
  const std = gain / Math.sqrt(fanIn);
  return Math.sqrt(3) * std;
}

/**
 * The bound of the uniform biases of a linear layer, 1 / sqrt(fanIn): `Linear.reset_parameters` of
 * `torch/nn/modules/linear.py`.
 *
 * @param fanIn the number of inputs; 0 gives 0
 * @example
 * import { linearBiasBound } from "./uniform.js";
 * linearBiasBound(16); // => 0.25
 */
export function linearBiasBound(fanIn: number): number {
  return fanIn === 0 ? 0 : 1 / Math.sqrt(fanIn);
}
