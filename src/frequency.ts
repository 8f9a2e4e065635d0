import { fusedMultiplyAdd } from "./random/fused.js";

/**
 * gradWeight[indices[i], :] += gradOut[i, :] / count(indices[i]) for i = 0, 1, …, the count being how often that index stands in `indices`;
 * indices equal to paddingIdx are passed over. The indices are in range.
 *
 * As in PyTorch's `embedding_dense_backward` the factor 1 / count is rounded to a float, and product and sum are one fused operation,
 * rounded once: exactly emulated, so that it gives PyTorch's bits, the same on every engine.
 */
export function scatterAddByFrequency(
  gradWeight: Float32Array,
  numEmbeddings: number,
  embeddingDim: number,
  indices: Uint32Array,
  paddingIdx: number,
  gradOut: Float32Array,
): void {
  const counts = new Uint32Array(numEmbeddings);
  for (let i = 0; i < indices.length; i++) counts[indices[i]]++;
  for (let i = 0, from = 0; i < indices.length; i++, from += embeddingDim) {
    const row = indices[i];
    if (row === paddingIdx) continue;
    const to = row * embeddingDim;
    const factor = Math.fround(1 / counts[row]);
    for (let j = 0; j < embeddingDim; j++) {
      gradWeight[to + j] = fusedMultiplyAdd(gradOut[from + j], factor, gradWeight[to + j]);
    }
  }
}
