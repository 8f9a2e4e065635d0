import { expUnrounded } from "./exponential.js";
import { foldDoubles } from "./foldDoubles.js";

const f = Math.fround;
const powers = new Float64Array(8);
const sums = new Float64Array(8);

/**
 * The specification of `sumExponentials`: the greatest logit of each row so far, the sum of exponentials relative to it, and the sum of
 * the logits. See {@link Kernels.sumExponentials}.
 */
export function sumExponentials(
  statistics: Float32Array,
  logits: Float32Array,
  numRows: number,
  numColumns: number,
  bias: Float32Array,
): void {
  const hasBias = bias.length > 0;
  for (let i = 0; i < numRows; i++) {
    const start = i * numColumns;
    const before = statistics[i * 3];
    let greatest = before;
    for (let j = 0; j < numColumns; j++) {
      const logit = hasBias ? f(logits[start + j] + bias[j]) : logits[start + j];
      if (logit > greatest) greatest = logit;
    }
    greatest += 0; // -0 becomes +0: which of two zeros was met first shall not matter
    const shift = greatest === Number.NEGATIVE_INFINITY ? 0 : greatest;
    powers.fill(0);
    sums.fill(0);
    for (let j = 0; j < numColumns; j++) {
      const logit = hasBias ? f(logits[start + j] + bias[j]) : logits[start + j];
      powers[j & 7] += expUnrounded(f(logit - shift));
      sums[j & 7] += logit;
    }
    statistics[i * 3] = greatest;
    statistics[i * 3 + 1] = statistics[i * 3 + 1] * expUnrounded(f(before - shift)) + foldDoubles(powers);
    statistics[i * 3 + 2] += foldDoubles(sums);
  }
}
