import { firstOutside } from "./firstOutside.js";

/**
 * The specification of `gatherSum`: out[i, :] = weight[indices[i], :] + positionWeight[start + i mod sequenceLength, :], one f32 add each.
 * See {@link Kernels.gatherSum}.
 */
export function gatherSum(
  weight: Float32Array,
  numEmbeddings: number,
  embeddingDim: number,
  indices: Uint32Array,
  numIndices: number,
  positionWeight: Float32Array,
  sequenceLength: number,
  start: number,
  out: Float32Array,
): number {
  const done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  let to = 0;
  for (let i = 0; i < numIndices; i++) {
    let from = indices[i] * embeddingDim;
    let position = (start + (i % sequenceLength)) * embeddingDim;
    // Storing into a Float32Array rounds to f32, and a sum of two floats rounded from f64 is the f32 sum.
    for (const end = to + embeddingDim; to < end; ) out[to++] = weight[from++] + positionWeight[position++];
  }
  return numIndices;
}
