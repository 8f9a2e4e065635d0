/** The position of the first index that is not in [0, numEmbeddings), or numIndices when all are inside. */
export function firstOutside(indices: Uint32Array, numIndices: number, numEmbeddings: number): number {
  let i = 0;
  while (i < numIndices && indices[i] < numEmbeddings) i++;
  return i;
}
