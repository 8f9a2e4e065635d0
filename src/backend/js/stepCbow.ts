import { firstOutside } from "./firstOutside.js";
import { stepOutputs, workingRows } from "./stepOutputs.js";

const f = Math.fround;

/** The specification of `stepCbow`: word2vec's continuous bag of words, in place. See {@link Kernels.stepCbow}. */
export function stepCbow(
  inputWeight: Float32Array,
  outputWeight: Float32Array,
  numEmbeddings: number,
  embeddingDim: number,
  inputs: Uint32Array,
  numInputs: number,
  offsets: Uint32Array,
  outputs: Uint32Array,
  numTuples: number,
  numNegatives: number,
  lr: Float32Array,
): number {
  const width = 1 + numNegatives;
  const seen = firstBag(inputs, numInputs, offsets, numTuples, numEmbeddings);
  const done = Math.min(seen, Math.floor(firstOutside(outputs, numTuples * width, numEmbeddings) / width));
  if (done < numTuples) return done;
  const rows = workingRows(embeddingDim);
  const grad = rows.subarray(0, embeddingDim);
  const mean = rows.subarray(embeddingDim, 2 * embeddingDim);
  for (let t = 0; t < numTuples; t++) {
    const [from, end] = [offsets[t], offsets[t + 1]];
    if (from === end) continue;
    for (let i = from; i < end; i++) {
      const row = inputs[i] * embeddingDim;
      for (let j = 0; j < embeddingDim; j++)
        mean[j] = i === from ? inputWeight[row + j] : mean[j] + inputWeight[row + j];
    }
    const share = f(1 / (end - from));
    for (let j = 0; j < embeddingDim; j++) mean[j] *= share;
    stepOutputs(mean, 0, outputWeight, embeddingDim, outputs, t * width, numNegatives, lr[t], grad);
    for (let i = from; i < end; i++) {
      const row = inputs[i] * embeddingDim;
      for (let j = 0; j < embeddingDim; j++) inputWeight[row + j] += grad[j];
    }
  }
  return numTuples;
}

/** The first tuple whose offsets or inputs are out of range, or numTuples when none is. */
function firstBag(
  inputs: Uint32Array,
  numInputs: number,
  offsets: Uint32Array,
  numTuples: number,
  numEmbeddings: number,
): number {
  for (let t = 0; t < numTuples; t++) {
    const [from, end] = [offsets[t], offsets[t + 1]];
    if (from > end || end > numInputs) return t;
    for (let i = from; i < end; i++) if (inputs[i] >= numEmbeddings) return t;
  }
  return numTuples;
}
