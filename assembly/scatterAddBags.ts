import { firstOutside } from "./firstOutside";
import { addRow, addScaledRow } from "./lanes";

/**
 * gradWeight[indices[i], :] += gradOut[b, :] (times scales[i]) for the indices of each bag b in order. scales is 0 when there are none.
 * See src/backend/kernels.ts for the promise, src/backend/js/scatterAddBags.ts for the specification.
 */
export function scatterAddBags(
  gradWeight: usize,
  numEmbeddings: u32,
  embeddingDim: u32,
  indices: usize,
  numIndices: u32,
  offsets: usize,
  numBags: u32,
  paddingIdx: u32,
  scales: usize,
  gradOut: usize,
): u32 {
  const done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  const rowBytes = (embeddingDim as usize) << 2;
  for (let b: u32 = 0; b < numBags; b++, offsets += 4, gradOut += rowBytes) {
    const end = load<u32>(offsets, 4);
    for (let i = load<u32>(offsets); i < end; i++) {
      const at = (i as usize) << 2;
      const index = load<u32>(indices + at);
      if (index == paddingIdx) continue;
      const row = gradWeight + (index as usize) * rowBytes;
      if (scales == 0) addRow(row, gradOut, embeddingDim);
      else addScaledRow(row, load<f32>(scales + at), gradOut, embeddingDim);
    }
  }
  return numIndices;
}
