#pragma once

#include "scatterAdd.h"

namespace nn {
namespace {

/** to[:] += scale * from[:], the product rounded before it is added. */
NN_INLINE void addScaledRow(f32* to, f32 scale, const f32* from, usize columns) {
  const Wide wide = broadcast(scale);
  usize j = 0;
  for (; j + wideLanes <= columns; j += wideLanes) {
    store(to + j, load<Wide>(to + j) + wide * load<Wide>(from + j));
  }
  for (; j < columns; j++) to[j] += scale * from[j];
}

/** The same columns of every row; gradients begin at the first of them. */
NN_INLINE void addBagsColumns(f32* gradWeight, usize embeddingDim, usize columns, const u32* indices, usize numIndices,
                              const u32* offsets, usize numBags, u32 paddingIdx, const f32* scales,
                              const f32* gradOut) {
  const usize ahead = columns < 512 ? rowsAhead(columns) : numIndices;  // as in scatterAdd
  for (usize b = 0; b < numBags; b++, gradOut += embeddingDim) {
    const usize end = offsets[b + 1];
    for (usize i = offsets[b]; i < end; i++) {
      if (i + ahead < numIndices) prefetchRow<true>(gradWeight + indices[i + ahead] * embeddingDim, columns);
      if (indices[i] == paddingIdx) continue;
      f32* row = gradWeight + indices[i] * embeddingDim;
      if (scales == nullptr)
        addRow(row, gradOut, columns);
      else
        addScaledRow(row, scales[i], gradOut, columns);
    }
  }
}

/** gradWeight[indices[i], :] += gradOut[b, :] for the indices of each bag b. See Kernels::scatterAddBags. */
usize scatterAddBags(f32* gradWeight, usize numEmbeddings, usize embeddingDim, const u32* indices, usize numIndices,
                     const u32* offsets, usize numBags, u32 paddingIdx, const f32* scales, const f32* gradOut) {
  const usize done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  if (embeddingDim == 0) return numIndices;
  splitColumns(embeddingDim, numIndices, [&](usize from, usize to) {
    addBagsColumns(gradWeight + from, embeddingDim, to - from, indices, numIndices, offsets, numBags, paddingIdx,
                   scales, gradOut + from);
  });
  return numIndices;
}

}  // namespace
}  // namespace nn
