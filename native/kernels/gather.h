#pragma once

#include "firstOutside.h"
#include "prefetch.h"
#include "split.h"

namespace nn {
namespace {

/** Copies one row of at least Vector's length; the last vector overlaps the one before it, so there is no scalar tail.
 */
template <typename Vector>
NN_INLINE void copyRow(f32* to, const f32* from, usize embeddingDim) {
  constexpr usize lanes = sizeof(Vector) / sizeof(f32);
  for (usize j = 0; j + lanes < embeddingDim; j += lanes) store(to + j, load<Vector>(from + j));
  store(to + embeddingDim - lanes, load<Vector>(from + embeddingDim - lanes));
}

/** The same past the caches: a multiple of 4 floats, to a multiple of 16 bytes. Lines that rows share are joined on the
 * way. */
template <typename Vector>
NN_INLINE void streamRow(f32* to, const f32* from, usize embeddingDim) {
  constexpr usize lanes = sizeof(Vector) / sizeof(f32);
  usize j = 0;
  for (; j < embeddingDim && reinterpret_cast<usize>(to + j) % sizeof(Vector) != 0; j += 4) {
    stream(to + j, load<f32x4>(from + j));
  }
  for (; j + lanes <= embeddingDim; j += lanes) stream(to + j, load<Vector>(from + j));
  for (; j < embeddingDim; j += 4) stream(to + j, load<f32x4>(from + j));
}

/** Rows from here on are written past the caches if they are many; those of a larger table only from longRow on. */
constexpr usize streamedRow = 64, longRow = 256;
constexpr usize floatsOfLargeTable = 128 * 1024 * 1024;

/**
 * Whether rows are so many that they are better written past the caches: few of them are still there when they are
 * wanted. At 8 MB whoever reads them at once loses more than the lookup gains. Several threads stay in the caches for
 * longer: one alone writes past them as fast as all of them together, for there is one way to the memory. Where the
 * rows themselves are waited for the most, short ones or those of a large table, it takes longer.
 */
NN_INLINE bool areManyRows(const f32* out, usize numEmbeddings, usize numIndices, usize embeddingDim) {
  const usize floatsInCaches = (numThreads() == 1 ? 3 : 5) * 1024 * 1024;
  const usize least = numEmbeddings * embeddingDim > floatsOfLargeTable ? longRow : streamedRow;
  return numIndices * embeddingDim >= floatsInCaches && embeddingDim >= least && embeddingDim % 4 == 0 &&
         reinterpret_cast<usize>(out) % sizeof(f32x4) == 0;
}

template <typename CopyRow>
NN_INLINE void gatherRows(const f32* weight, usize embeddingDim, const u32* indices, usize numIndices, f32* out,
                          CopyRow copy) {
  const usize ahead = rowsAhead(embeddingDim);
  const usize whole = numIndices > ahead ? numIndices - ahead : 0;
  for (usize i = 0; i < whole; i++, out += embeddingDim) {
    prefetchRow<false>(weight + indices[i + ahead] * embeddingDim, embeddingDim);
    copy(out, weight + indices[i] * embeddingDim);
  }
  for (usize i = whole; i < numIndices; i++, out += embeddingDim) copy(out, weight + indices[i] * embeddingDim);
}

/** Indices that are known to be inside. */
NN_INLINE void gatherAll(const f32* weight, usize dim, const u32* indices, usize numIndices, bool isStreamed,
                         f32* out) {
  if (isStreamed) {
    gatherRows(weight, dim, indices, numIndices, out,
               [dim](f32* to, const f32* from) { streamRow<Wide>(to, from, dim); });
    fence();
  } else if (dim >= wideLanes) {
    gatherRows(weight, dim, indices, numIndices, out,
               [dim](f32* to, const f32* from) { copyRow<Wide>(to, from, dim); });
  } else if (dim >= 4) {
    gatherRows(weight, dim, indices, numIndices, out,
               [dim](f32* to, const f32* from) { copyRow<f32x4>(to, from, dim); });
  } else if (dim > 0) {
    gatherRows(weight, dim, indices, numIndices, out, [dim](f32* to, const f32* from) {
      for (usize j = 0; j < dim; j++) to[j] = from[j];
    });
  }
}

/** out[i, :] = weight[indices[i], :]. See Kernels::gather. */
usize gather(const f32* weight, usize numEmbeddings, usize embeddingDim, const u32* indices, usize numIndices,
             f32* out) {
  const usize done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  const bool isStreamed = areManyRows(out, numEmbeddings, numIndices, embeddingDim);
  split(numIndices, itemsThatPay(floatsThatPay, embeddingDim), 1, [&](usize from, usize to) {
    gatherAll(weight, embeddingDim, indices + from, to - from, isStreamed, out + from * embeddingDim);
  });
  return numIndices;
}

}  // namespace
}  // namespace nn
