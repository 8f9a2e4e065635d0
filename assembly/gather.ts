import { firstOutside } from "./firstOutside";
import { bytesAhead, touch, touchedAtOnce, touchRows } from "./rows";

/** From so many floats on `memory.copy` beats a loop over vectors, or over words where there is no SIMD (measured in V8). */
const longRow: u32 = ASC_FEATURE_SIMD ? 96 : 16;

/** How long rows may be that are brought near many at once (touchRows), and what size of table a third-level cache holds: there it costs more. */
const longestTouched: usize = 256;
const nearBytes: u64 = 16 << 20;

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
  if (numIndices == 0) return 0;
  const rowBytes = (embeddingDim as usize) << 2;
  const last = indices + ((numIndices as usize) << 2) - 4;
  const ahead = bytesAhead(rowBytes);
  if (embeddingDim >= longRow) {
    for (; indices <= last; indices += 4, out += rowBytes) {
      touch(weight, rowBytes, indices + ahead, last);
      memory.copy(out, weight + (load<u32>(indices) as usize) * rowBytes, rowBytes);
    }
  } else if (ASC_FEATURE_SIMD && embeddingDim >= 4) {
    // The last vector of a row is laid over the end of the one before it: no tail loop, nothing written past the row.
    const lastVector = rowBytes - 16;
    const blocks = rowBytes & ~63;
    const isFar = rowBytes <= longestTouched && (numEmbeddings as u64) * rowBytes > nearBytes;
    while (indices <= last) {
      const end = indices + min(touchedAtOnce, last + 4 - indices); // indices + 64 of them may be beyond 4 GiB
      if (isFar) touchRows(weight, rowBytes, indices, end);
      for (; indices < end; indices += 4, out += rowBytes) {
        if (!isFar) touch(weight, rowBytes, indices + ahead, last);
        const from = weight + (load<u32>(indices) as usize) * rowBytes;
        let at: usize = 0;
        for (; at < blocks; at += 64) {
          const a = v128.load(from + at);
          const b = v128.load(from + at, 16);
          const c = v128.load(from + at, 32);
          v128.store(out + at, a);
          v128.store(out + at, b, 16);
          v128.store(out + at, c, 32);
          v128.store(out + at, v128.load(from + at, 48), 48);
        }
        for (; at < lastVector; at += 16) v128.store(out + at, v128.load(from + at));
        v128.store(out + lastVector, v128.load(from + lastVector));
      }
    }
  } else {
    for (; indices <= last; indices += 4) {
      touch(weight, rowBytes, indices + ahead, last);
      let from = weight + (load<u32>(indices) as usize) * rowBytes;
      for (const stop = out + rowBytes; out < stop; out += 4, from += 4) store<u32>(out, load<u32>(from));
    }
  }
  return numIndices;
}
