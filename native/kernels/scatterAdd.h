#pragma once

#include "firstOutside.h"
#include "prefetch.h"
#include "split.h"

namespace nn {
namespace {

/** to[:] += from[:], each a single f32 add. */
NN_INLINE void addRow(f32* to, const f32* from, usize columns) {
  usize j = 0;
  for (; j + wideLanes <= columns; j += wideLanes) store(to + j, load<Wide>(to + j) + load<Wide>(from + j));
  if constexpr (wideLanes > 4) {
    for (; j + 4 <= columns; j += 4) store(to + j, load<f32x4>(to + j) + load<f32x4>(from + j));
  }
  for (; j < columns; j++) to[j] += from[j];
}

/**
 * Threads share the columns of every row, not the rows: then all have the same to do whichever rows are frequent, no
 * index needs to be asked whose it is, and a row's sums keep their order. Only long rows are shared: of short ones two
 * processors ask for each other's lines.
 */
template <typename Part>
NN_INLINE void splitColumns(usize embeddingDim, usize numIndices, const Part& part) {
  constexpr usize fewest = 192;
  const usize unit = embeddingDim < 2 * fewest ? embeddingDim : fewest;
  split(embeddingDim, itemsThatPay(floatsThatPay, numIndices), unit, part);
}

/** The same columns of every row; weight and gradient begin at the first of them. */
NN_INLINE void addColumns(f32* gradWeight, usize embeddingDim, usize columns, const u32* indices, usize numIndices,
                          u32 paddingIdx, const f32* gradOut) {
  // Rows of 2 KB and more come fast enough by themselves, and asking for them only costs.
  const usize ahead = columns < 512 ? rowsAhead(columns) : numIndices;
  for (usize i = 0; i < numIndices; i++, gradOut += embeddingDim) {
    if (i + ahead < numIndices) prefetchRow<true>(gradWeight + indices[i + ahead] * embeddingDim, columns);
    if (indices[i] != paddingIdx) addRow(gradWeight + indices[i] * embeddingDim, gradOut, columns);
  }
}

/** gradWeight[indices[i], :] += gradOut[i, :], i ascending. See Kernels::scatterAdd. */
usize scatterAdd(f32* gradWeight, usize numEmbeddings, usize embeddingDim, const u32* indices, usize numIndices,
                 u32 paddingIdx, const f32* gradOut) {
  const usize done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  if (embeddingDim == 0) return numIndices;
  splitColumns(embeddingDim, numIndices, [&](usize from, usize to) {
    addColumns(gradWeight + from, embeddingDim, to - from, indices, numIndices, paddingIdx, gradOut + from);
  });
  return numIndices;
}

}  // namespace
}  // namespace nn
