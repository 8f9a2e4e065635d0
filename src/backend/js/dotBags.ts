import { dot } from "./dot.js";
import { firstOutside } from "./firstOutside.js";

/** The specification of `dotBags`: out[i] = gradOut[b, :] . weight[indices[i], :] for the indices of each bag b. See {@link Kernels.dotBags}. */
export function dotBags(
  weight: Float32Array,
  numEmbeddings: number,
  embeddingDim: number,
  indices: Uint32Array,
  numIndices: number,
  offsets: Uint32Array,
  numBags: number,
  paddingIdx: number,
  gradOut: Float32Array,
  out: Float32Array,
): number {
  const done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  out.fill(0, 0, numIndices);
  for (let b = 0; b < numBags; b++) {
    for (let i = offsets[b]; i < offsets[b + 1]; i++) {
      if (indices[i] === paddingIdx) continue;
      out[i] = dot(gradOut, b * embeddingDim, weight, indices[i] * embeddingDim, embeddingDim);
    }
  }
  return numIndices;
}
