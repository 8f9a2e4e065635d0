import { firstOutside } from "./firstOutside";

/** From so many floats on `memory.copy` beats a loop over vectors, or over words where there is no SIMD (measured in V8). */
const longRow: u32 = ASC_FEATURE_SIMD ? 64 : 16;

/**
 * out[i, :] = weight[indices[i], :]. Bits are carried as integers, so that not even the payload of a NaN changes.
 * See src/backend/kernels.ts for the promise, src/backend/js/gather.ts for the specification.
 */
export function gather(
  weight: usize,
  numEmbeddings: u32,
  embeddingDim: u32,
  indices: usize,
  numIndices: u32,
  out: usize,
): u32 {
  const done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  const rowBytes = (embeddingDim as usize) << 2;
  const end = indices + ((numIndices as usize) << 2);
  if (embeddingDim >= longRow) {
    for (; indices < end; indices += 4, out += rowBytes) {
      memory.copy(out, weight + (load<u32>(indices) as usize) * rowBytes, rowBytes);
    }
  } else if (ASC_FEATURE_SIMD && embeddingDim >= 4) {
    // The last vector of a row is laid over the end of the one before it: no tail loop, nothing written past the row.
    const last = rowBytes - 16;
    for (; indices < end; indices += 4, out += rowBytes) {
      const from = weight + (load<u32>(indices) as usize) * rowBytes;
      for (let at: usize = 0; at < last; at += 16) v128.store(out + at, v128.load(from + at));
      v128.store(out + last, v128.load(from + last));
    }
  } else {
    for (; indices < end; indices += 4) {
      let from = weight + (load<u32>(indices) as usize) * rowBytes;
      for (const stop = out + rowBytes; out < stop; out += 4, from += 4) store<u32>(out, load<u32>(from));
    }
  }
  return numIndices;
}
