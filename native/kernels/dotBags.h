#pragma once

#include "dotTile.h"
#include "firstOutside.h"

namespace nn {
namespace {

/** out[i] = gradOut[b, :] . weight[indices[i], :] for the indices of each bag b. See Kernels::dotBags. */
usize dotBags(const f32* weight, usize numEmbeddings, usize embeddingDim, const u32* indices, usize numIndices,
              const u32* offsets, usize numBags, u32 paddingIdx, const f32* gradOut, f32* out) {
  const usize done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  zeroFloats(out, numIndices);
  if (embeddingDim == 0) return numIndices;
  const usize ahead = rowsAhead(embeddingDim);
  for (usize b = 0; b < numBags; b++, gradOut += embeddingDim) {
    for (usize i = offsets[b]; i < offsets[b + 1]; i++) {
      if (i + ahead < numIndices) prefetchRow<false>(weight + indices[i + ahead] * embeddingDim, embeddingDim);
      if (indices[i] != paddingIdx) {
        dotOfLongRows(gradOut, weight + indices[i] * embeddingDim, embeddingDim, false, out + i);
      }
    }
  }
  return numIndices;
}

}  // namespace
}  // namespace nn
