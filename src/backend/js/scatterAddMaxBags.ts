import { firstOutside } from "./firstOutside.js";

/**
 * The specification of `scatterAddMaxBags`: each element of gradOut goes to the row that the maximum was taken from, bag after bag, one
 * f32 add each. See {@link Kernels.scatterAddMaxBags}.
 */
export function scatterAddMaxBags(
  gradWeight: Float32Array,
  numRows: number,
  weight: Float32Array,
  numEmbeddings: number,
  embeddingDim: number,
  indices: Uint32Array,
  places: Uint32Array,
  numIndices: number,
  offsets: Uint32Array,
  numBags: number,
  paddingIdx: number,
  gradOut: Float32Array,
): number {
  const done = firstOutside(places, firstOutside(indices, numIndices, numEmbeddings), numRows);
  if (done < numIndices) return done;
  for (let b = 0; b < numBags; b++) {
    let first = offsets[b];
    const end = offsets[b + 1];
    while (first < end && indices[first] === paddingIdx) first++;
    if (first === end) continue;
    for (let j = 0; j < embeddingDim; j++) {
      let best = first;
      let greatest = weight[indices[first] * embeddingDim + j];
      for (let i = first + 1; i < end; i++) {
        const value = weight[indices[i] * embeddingDim + j];
        if (value > greatest && indices[i] !== paddingIdx) {
          greatest = value;
          best = i;
        }
      }
      gradWeight[places[best] * embeddingDim + j] += gradOut[b * embeddingDim + j];
    }
  }
  return numIndices;
}
