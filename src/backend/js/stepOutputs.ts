import { maxNegatives } from "../backend.js";
import { dot } from "./dot.js";
import { sigmoid } from "./sigmoid.js";

const f = Math.fround;

/** g_k of the tuple at work. */
const factors = new Float32Array(maxNegatives + 1);

/** grad of the tuple at work, and the mean of its inputs: memory that grows to the longest row seen. */
let rows = new Float32Array(0);

/** Two rows of embeddingDim floats, one behind the other, that the next call may hand out again. */
export function workingRows(embeddingDim: number): Float32Array {
  if (rows.length < 2 * embeddingDim) rows = new Float32Array(2 * embeddingDim);
  return rows;
}

/**
 * What skip-gram and the bag of words share: the output side of one tuple, see {@link Kernels.stepSkipGram}. `hidden` holds the input
 * row at `hiddenAt`; its outputs are outputs[outputsAt] and the numNegatives behind. Moves them and leaves grad at grad[0 …].
 */
export function stepOutputs(
  hidden: Float32Array,
  hiddenAt: number,
  outputWeight: Float32Array,
  embeddingDim: number,
  outputs: Uint32Array,
  outputsAt: number,
  numNegatives: number,
  lr: number,
  grad: Float32Array,
): void {
  for (let k = 0; k <= numNegatives; k++) {
    const score = dot(hidden, hiddenAt, outputWeight, outputs[outputsAt + k] * embeddingDim, embeddingDim);
    factors[k] = lr * f((k === 0 ? 1 : 0) - sigmoid(score));
  }
  for (let k = 0; k <= numNegatives; k++) {
    const row = outputs[outputsAt + k] * embeddingDim;
    const factor = factors[k];
    for (let j = 0; j < embeddingDim; j++) {
      const old = outputWeight[row + j];
      const product = f(factor * old);
      grad[j] = k === 0 ? product : grad[j] + product;
      outputWeight[row + j] = old + f(factor * hidden[hiddenAt + j]);
    }
  }
}
