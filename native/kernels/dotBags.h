#pragma once

#include "dotTile.h"
#include "firstOutside.h"
#include "split.h"

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
  split(numBags, bagsThatPay(numIndices, numBags, embeddingDim), 1, [&](usize from, usize to) {
    const usize dim = embeddingDim;
    for (usize b = from; b < to; b++) {
      const usize end = offsets[b + 1];
      for (usize i = offsets[b]; i < end; i++) {
        if (i + ahead < numIndices) prefetchRow<false>(weight + indices[i + ahead] * dim, dim);
        if (indices[i] != paddingIdx) dotOfLongRows(gradOut + b * dim, weight + indices[i] * dim, dim, false, out + i);
      }
    }
  });
  return numIndices;
}

}  // namespace
}  // namespace nn
