import { firstOutside } from "./firstOutside.js";
import { stepOutputs, workingRows } from "./stepOutputs.js";

/** The specification of `stepSkipGram`: word2vec's skip-gram with negative sampling, in place. See {@link Kernels.stepSkipGram}. */
export function stepSkipGram(
  inputWeight: Float32Array,
  outputWeight: Float32Array,
  numEmbeddings: number,
  embeddingDim: number,
  inputs: Uint32Array,
  outputs: Uint32Array,
  numTuples: number,
  numNegatives: number,
  lr: Float32Array,
): number {
  const width = 1 + numNegatives;
  const seen = firstOutside(inputs, numTuples, numEmbeddings);
  const done = Math.min(seen, Math.floor(firstOutside(outputs, numTuples * width, numEmbeddings) / width));
  if (done < numTuples) return done;
  const grad = workingRows(embeddingDim);
  for (let t = 0; t < numTuples; t++) {
    const row = inputs[t] * embeddingDim;
    stepOutputs(inputWeight, row, outputWeight, embeddingDim, outputs, t * width, numNegatives, lr[t], grad);
    for (let j = 0; j < embeddingDim; j++) inputWeight[row + j] += grad[j];
  }
  return numTuples;
}
