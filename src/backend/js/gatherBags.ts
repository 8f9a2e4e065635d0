import { bagMax, bagMean } from "../backend.js";
import { firstOutside } from "./firstOutside.js";

const f = Math.fround;

/** The specification of `gatherBags`: out[b, :] = the sum, mean or maximum of the rows of bag b. See {@link Kernels.gatherBags}. */
export function gatherBags(
  weight: Float32Array,
  numEmbeddings: number,
  embeddingDim: number,
  indices: Uint32Array,
  numIndices: number,
  offsets: Uint32Array,
  numBags: number,
  mode: number,
  paddingIdx: number,
  sampleWeights: Float32Array,
  out: Float32Array,
): number {
  const done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  const isWeighted = sampleWeights.length > 0;
  for (let b = 0; b < numBags; b++) {
    const first = b * embeddingDim;
    const end = first + embeddingDim;
    out.fill(0, first, end);
    let count = 0;
    for (let i = offsets[b]; i < offsets[b + 1]; i++) {
      if (indices[i] === paddingIdx) continue;
      count++;
      let from = indices[i] * embeddingDim;
      // Storing into a Float32Array rounds to f32, and a sum of two floats rounded from f64 is the f32 sum.
      if (mode === bagMax) {
        if (count === 1) for (let to = first; to < end; ) out[to++] = weight[from++];
        else for (let to = first; to < end; to++, from++) if (weight[from] > out[to]) out[to] = weight[from];
      } else if (isWeighted) {
        const scale = sampleWeights[i];
        for (let to = first; to < end; ) out[to++] += f(weight[from++] * scale);
      } else for (let to = first; to < end; ) out[to++] += weight[from++];
    }
    if (mode === bagMean && count > 1) for (let to = first; to < end; ) out[to++] /= f(count);
  }
  return numIndices;
}
