/**
 * The row kernels over tables that are not at home. Each float of such a table is touched once, so carrying its rows into linear memory
 * and back would cost more than the work: it is done where the rows lie. The same promises as backend.ts, the same bits.
 */

/** From here on one `set` beats a loop (measured in V8). */
const longRow = 64;

/** The position of the first index that is not in [0, numEmbeddings), or numIndices when all are inside. */
export function firstOutside(indices: Uint32Array, numIndices: number, numEmbeddings: number): number {
  let i = 0;
  while (i < numIndices && indices[i] < numEmbeddings) i++;
  return i;
}

/** out[i, :] = weight[indices[i], :]. */
export function copyRows(
  weight: Float32Array,
  numEmbeddings: number,
  embeddingDim: number,
  indices: Uint32Array,
  numIndices: number,
  out: Float32Array,
): number {
  const done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  let to = 0;
  for (let i = 0; i < numIndices; i++) {
    let from = indices[i] * embeddingDim;
    if (embeddingDim >= longRow) {
      out.set(weight.subarray(from, from + embeddingDim), to);
      to += embeddingDim;
    } else {
      for (const end = from + embeddingDim; from < end; ) out[to++] = weight[from++];
    }
  }
  return numIndices;
}

/** gradWeight[indices[i], :] += gradOut[i, :] for ascending i. A sum of two floats rounded from f64 is the f32 sum. */
export function addRows(
  gradWeight: Float32Array,
  numEmbeddings: number,
  embeddingDim: number,
  indices: Uint32Array,
  numIndices: number,
  paddingIdx: number,
  gradOut: Float32Array,
): number {
  const done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  for (let i = 0; i < numIndices; i++) {
    if (indices[i] === paddingIdx) continue;
    let to = indices[i] * embeddingDim;
    let from = i * embeddingDim;
    for (const end = to + embeddingDim; to < end; ) gradWeight[to++] += gradOut[from++];
  }
  return numIndices;
}
