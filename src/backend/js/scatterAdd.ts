import { firstOutside } from "./firstOutside.js";

/**
 * The specification of `scatterAdd`: gradWeight[indices[i], :] += gradOut[i, :], i ascending, one f32 add each (the order of
 * PyTorch's embedding_dense_backward). See {@link Kernels.scatterAdd}.
 */
export function scatterAdd(
  gradWeight: Float32Array,
  numEmbeddings: number,
  embeddingDim: number,
  indices: Uint32Array,
  numIndices: number,
  paddingIdx: number,
  gradOut: Float32Array,
): number {
  const done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  for (let i = 0; i < numIndices; i++) {
    if (indices[i] === paddingIdx) continue;
    let to = indices[i] * embeddingDim;
    let from = i * embeddingDim;
    // Storing into a Float32Array rounds to f32, and a sum of two floats rounded from f64 is the f32 sum.
    for (const end = to + embeddingDim; to < end; ) gradWeight[to++] += gradOut[from++];
  }
  return numIndices;
}
