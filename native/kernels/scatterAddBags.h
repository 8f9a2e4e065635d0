#pragma once

#include "scatterAdd.h"

namespace nn {
namespace {

/** to[:] += scale * from[:], the product rounded before it is added. */
NN_INLINE void addScaledRow(f32* to, f32 scale, const f32* from, usize embeddingDim) {
  const Wide wide = broadcast(scale);
  usize j = 0;
  for (; j + wideLanes <= embeddingDim; j += wideLanes) {
    store(to + j, load<Wide>(to + j) + wide * load<Wide>(from + j));
  }
  for (; j < embeddingDim; j++) to[j] += scale * from[j];
}

/** gradWeight[indices[i], :] += gradOut[b, :] for the indices of each bag b. See Kernels::scatterAddBags. */
usize scatterAddBags(f32* gradWeight, usize numEmbeddings, usize embeddingDim, const u32* indices, usize numIndices,
                     const u32* offsets, usize numBags, u32 paddingIdx, const f32* scales, const f32* gradOut) {
  const usize done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  if (embeddingDim == 0) return numIndices;
  const usize ahead = embeddingDim < 512 ? rowsAhead(embeddingDim) : numIndices;  // as in scatterAdd
  for (usize b = 0; b < numBags; b++, gradOut += embeddingDim) {
    for (usize i = offsets[b]; i < offsets[b + 1]; i++) {
      if (i + ahead < numIndices) prefetchRow<true>(gradWeight + indices[i + ahead] * embeddingDim, embeddingDim);
      if (indices[i] == paddingIdx) continue;
      f32* row = gradWeight + indices[i] * embeddingDim;
      if (scales == nullptr)
        addRow(row, gradOut, embeddingDim);
      else
        addScaledRow(row, scales[i], gradOut, embeddingDim);
    }
  }
  return numIndices;
}

}  // namespace
}  // namespace nn
