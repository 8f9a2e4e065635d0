import { expUnrounded } from "./exponential.js";

const f = Math.fround;

/** The specification of `softmaxGradient`: exp(logit - greatest) * factor - share, in place. See {@link Kernels.softmaxGradient}. */
export function softmaxGradient(
  logits: Float32Array,
  numRows: number,
  numColumns: number,
  bias: Float32Array,
  coefficients: Float32Array,
): void {
  const hasBias = bias.length > 0;
  for (let i = 0; i < numRows; i++) {
    const start = i * numColumns;
    const greatest = coefficients[i * 3];
    const shift = greatest === Number.NEGATIVE_INFINITY ? 0 : greatest;
    const factor = coefficients[i * 3 + 1];
    const share = coefficients[i * 3 + 2];
    for (let j = 0; j < numColumns; j++) {
      const logit = hasBias ? f(logits[start + j] + bias[j]) : logits[start + j];
      logits[start + j] = expUnrounded(f(logit - shift)) * factor - share;
    }
  }
}
