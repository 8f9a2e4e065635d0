import { exp, log } from "./exponential.js";

const f = Math.fround;

/**
 * Turns a row of logits into its share of the loss, and itself into the gradient of that share, (softmax - one-hot) * scale.
 *
 * The exponentials are summed in 8 lanes and folded as in the dot product, in floats; the loss is taken in doubles.
 *
 * @returns log(sum of exp(logits)) - logits[target]
 */
export function crossEntropyRow(
  logits: Float32Array,
  start: number,
  numClasses: number,
  target: number,
  scale: number,
): number {
  const end = start + numClasses;
  let most = Number.NEGATIVE_INFINITY;
  for (let j = start; j < end; j++) if (logits[j] > most) most = logits[j];
  const targetLogit = logits[start + target];
  lanes.fill(0);
  for (let j = start; j < end; j++) {
    const power = exp(f(logits[j] - most));
    logits[j] = power;
    lanes[(j - start) & 7] += power;
  }
  const sum = foldLanes(lanes);
  const factor = f(scale / sum);
  for (let j = start; j < end; j++) logits[j] *= factor;
  logits[start + target] -= scale;
  return log(sum) - (targetLogit - most);
}

const lanes = new Float32Array(8);

function foldLanes([s0, s1, s2, s3, s4, s5, s6, s7]: Float32Array): number {
  return f(f(f(s0 + s4) + f(s2 + s6)) + f(f(s1 + s5) + f(s3 + s7)));
}
