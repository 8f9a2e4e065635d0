import { longRow } from "../backend.js";
import { firstOutside } from "./firstOutside.js";

/** The specification of `gather`: out[i, :] = weight[indices[i], :]. See {@link Kernels.gather}. */
export function gather(
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
    const end = from + embeddingDim;
    if (embeddingDim >= longRow) {
      out.set(weight.subarray(from, end), to);
      to += embeddingDim;
    } else while (from < end) out[to++] = weight[from++];
  }
  return numIndices;
}
