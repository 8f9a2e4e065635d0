import { addToRows } from "./addToRows";
import { firstOutside } from "./firstOutside";
import { bytesAhead } from "./rows";

/**
 * gradWeight[indices[i], :] += gradOut[i, :] for ascending i, one f32 add each; rows of paddingIdx are passed over.
 * All indices are looked at before the first write: a refused call changes nothing.
 * See src/backend/kernels.ts for the promise, src/backend/js/scatterAdd.ts for the specification.
 */
export function scatterAdd(
  gradWeight: usize,
  numEmbeddings: u32,
  embeddingDim: u32,
  indices: usize,
  numIndices: u32,
  paddingIdx: u32,
  gradOut: usize,
): u32 {
  const done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  const end = indices + ((numIndices as usize) << 2);
  const rowBytes = (embeddingDim as usize) << 2;
  const ahead = bytesAhead(rowBytes);
  addToRows(gradWeight, rowBytes, ahead, indices, end, end - 4, paddingIdx, 0, gradOut, rowBytes);
  return numIndices;
}
