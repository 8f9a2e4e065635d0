#pragma once

#include "firstOutside.h"
#include "prefetch.h"

namespace nn {
namespace {

/** to[:] += from[:], each a single f32 add. */
NN_INLINE void addRow(f32* to, const f32* from, usize embeddingDim) {
  usize j = 0;
  for (; j + wideLanes <= embeddingDim; j += wideLanes) store(to + j, load<Wide>(to + j) + load<Wide>(from + j));
  if constexpr (wideLanes > 4) {
    for (; j + 4 <= embeddingDim; j += 4) store(to + j, load<f32x4>(to + j) + load<f32x4>(from + j));
  }
  for (; j < embeddingDim; j++) to[j] += from[j];
}

/** gradWeight[indices[i], :] += gradOut[i, :], i ascending. See Kernels::scatterAdd. */
usize scatterAdd(f32* gradWeight, usize numEmbeddings, usize embeddingDim, const u32* indices, usize numIndices,
                 u32 paddingIdx, const f32* gradOut) {
  const usize done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  if (embeddingDim == 0) return numIndices;
  // Rows of 2 KB and more come fast enough by themselves, and asking for them only costs.
  const usize ahead = embeddingDim < 512 ? rowsAhead(embeddingDim) : numIndices;
  for (usize i = 0; i < numIndices; i++, gradOut += embeddingDim) {
    if (i + ahead < numIndices) prefetchRow<true>(gradWeight + indices[i + ahead] * embeddingDim, embeddingDim);
    if (indices[i] != paddingIdx) addRow(gradWeight + indices[i] * embeddingDim, gradOut, embeddingDim);
  }
  return numIndices;
}

}  // namespace
}  // namespace nn
