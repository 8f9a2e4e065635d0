import { addToRows } from "./addToRows";
import { firstOutside } from "./firstOutside";
import { bytesAhead } from "./rows";

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
  const ahead = bytesAhead(rowBytes);
  const last = indices + ((numIndices as usize) << 2) - 4;
  for (let b: u32 = 0; b < numBags; b++, offsets += 4, gradOut += rowBytes) {
    const start = (load<u32>(offsets) as usize) << 2;
    const end = indices + ((load<u32>(offsets, 4) as usize) << 2);
    const factors: usize = scales == 0 ? 0 : scales + start;
    addToRows(gradWeight, rowBytes, ahead, indices + start, end, last, paddingIdx, factors, gradOut, 0);
  }
  return numIndices;
}
