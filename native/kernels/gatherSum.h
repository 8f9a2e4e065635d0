#pragma once

#include "firstOutside.h"
#include "prefetch.h"
#include "split.h"

namespace nn {
namespace {

/** to[:] = a[:] + b[:] of rows of at least Vector's length; the last vector overlaps the one before it. */
template <typename Vector>
NN_INLINE void sumRow(f32* to, const f32* a, const f32* b, usize embeddingDim) {
  constexpr usize lanes = sizeof(Vector) / sizeof(f32);
  for (usize j = 0; j + lanes < embeddingDim; j += lanes) store(to + j, load<Vector>(a + j) + load<Vector>(b + j));
  const usize last = embeddingDim - lanes;
  store(to + last, load<Vector>(a + last) + load<Vector>(b + last));
}

/** Indices that are known to be inside; the first of them is at `place` of its sequence. */
NN_INLINE void gatherSumAll(const f32* weight, usize dim, const u32* indices, usize numIndices,
                            const f32* firstPosition, usize sequenceLength, usize place, f32* out) {
  const usize ahead = rowsAhead(dim);
  const f32* position = firstPosition + place * dim;
  usize left = sequenceLength - place;
  for (usize i = 0; i < numIndices; i++, out += dim, position += dim, left--) {
    if (left == 0) {
      left = sequenceLength;
      position = firstPosition;
    }
    if (i + ahead < numIndices) prefetchRow<false>(weight + indices[i + ahead] * dim, dim);
    const f32* token = weight + indices[i] * dim;
    if (dim >= wideLanes)
      sumRow<Wide>(out, token, position, dim);
    else if (dim >= 4)
      sumRow<f32x4>(out, token, position, dim);
    else
      for (usize j = 0; j < dim; j++) out[j] = token[j] + position[j];
  }
}

/** out[i, :] = weight[indices[i], :] + positionWeight[start + i mod sequenceLength, :]. See Kernels::gatherSum. */
usize gatherSum(const f32* weight, usize numEmbeddings, usize embeddingDim, const u32* indices, usize numIndices,
                const f32* positionWeight, usize sequenceLength, usize start, f32* out) {
  const usize done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  if (embeddingDim == 0) return numIndices;
  split(numIndices, itemsThatPay(floatsThatPay, embeddingDim), 1, [&](usize from, usize to) {
    gatherSumAll(weight, embeddingDim, indices + from, to - from, positionWeight + start * embeddingDim, sequenceLength,
                 from % sequenceLength, out + from * embeddingDim);
  });
  return numIndices;
}

}  // namespace
}  // namespace nn
