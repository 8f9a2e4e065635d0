import { firstOutside } from "./firstOutside";

/**
 * out[i, :] = weight[indices[i], :] + positionWeight[start + i mod sequenceLength, :], one f32 add each.
 * See src/backend/kernels.ts for the promise, src/backend/js/gatherSum.ts for the specification.
 */
export function gatherSum(
  weight: usize,
  numEmbeddings: u32,
  embeddingDim: u32,
  indices: usize,
  numIndices: u32,
  positionWeight: usize,
  sequenceLength: u32,
  start: u32,
  out: usize,
): u32 {
  const done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  const rowBytes = (embeddingDim as usize) << 2;
  const end = indices + ((numIndices as usize) << 2);
  const firstPosition = positionWeight + (start as usize) * rowBytes;
  let position = firstPosition;
  for (let left = sequenceLength; indices < end; indices += 4, out += rowBytes, position += rowBytes, left--) {
    if (left == 0) {
      left = sequenceLength;
      position = firstPosition;
    }
    sumRow(out, weight + (load<u32>(indices) as usize) * rowBytes, position, embeddingDim);
  }
  return numIndices;
}

/** to[j] = a[j] + b[j]. The last vector of a row is laid over the end of the one before it: nothing is written past the row. */
function sumRow(to: usize, a: usize, b: usize, count: u32): void {
  const bytes = (count as usize) << 2;
  if (ASC_FEATURE_SIMD && count >= 4) {
    const last = bytes - 16;
    for (let at: usize = 0; at < last; at += 16) {
      v128.store(to + at, f32x4.add(v128.load(a + at), v128.load(b + at)));
    }
    v128.store(to + last, f32x4.add(v128.load(a + last), v128.load(b + last)));
  } else {
    for (let at: usize = 0; at < bytes; at += 4) store<f32>(to + at, load<f32>(a + at) + load<f32>(b + at));
  }
}
