/** The position of the first index that is not in [0, numEmbeddings), or numIndices when all are inside. */
export function firstOutside(indices: usize, numIndices: u32, numEmbeddings: u32): u32 {
  let i: u32 = 0;
  while (i < numIndices && load<u32>(indices + ((i as usize) << 2)) < numEmbeddings) i++;
  return i;
}
