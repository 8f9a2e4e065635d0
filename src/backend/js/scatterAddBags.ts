import { firstOutside } from "./firstOutside.js";

const f = Math.fround;

/**
 * The specification of `scatterAddBags`: gradWeight[indices[i], :] += gradOut[b, :] (times scales[i]) for the indices of each bag b, i
 * ascending, one f32 add each. See {@link Kernels.scatterAddBags}.
 */
export function scatterAddBags(
  gradWeight: Float32Array,
  numEmbeddings: number,
  embeddingDim: number,
  indices: Uint32Array,
  numIndices: number,
  offsets: Uint32Array,
  numBags: number,
  paddingIdx: number,
  scales: Float32Array,
  gradOut: Float32Array,
): number {
  const done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  const isScaled = scales.length > 0;
  for (let b = 0; b < numBags; b++) {
    for (let i = offsets[b]; i < offsets[b + 1]; i++) {
      if (indices[i] === paddingIdx) continue;
      let to = indices[i] * embeddingDim;
      let from = b * embeddingDim;
      const end = to + embeddingDim;
      if (isScaled) for (const scale = scales[i]; to < end; ) gradWeight[to++] += f(scale * gradOut[from++]);
      else while (to < end) gradWeight[to++] += gradOut[from++];
    }
  }
  return numIndices;
}
