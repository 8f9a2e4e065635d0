#pragma once

#include "firstOutside.h"
#include "scatterAdd.h"

namespace nn {
namespace {

/** Columns of a bag whose maxima are looked for at a time. */
constexpr usize maxColumns = 64;

/** best[j] = the position in [start, end) of the row that column j's maximum comes from. The row at start is no
 * padding. */
NN_INLINE void findMaxima(const f32* weight, usize embeddingDim, const u32* indices, usize start, usize end,
                          u32 paddingIdx, usize columns, u32* best) {
  f32 greatest[maxColumns];
  copyFloats(greatest, weight + indices[start] * embeddingDim, columns);
  for (usize j = 0; j < columns; j++) best[j] = static_cast<u32>(start);
  for (usize i = start + 1; i < end; i++) {
    if (indices[i] == paddingIdx) continue;
    const f32* row = weight + indices[i] * embeddingDim;
    // Without a branch: compilers make vectors of this.
    for (usize j = 0; j < columns; j++) {
      const f32 value = row[j];
      const bool isGreater = value > greatest[j];
      best[j] = isGreater ? static_cast<u32>(i) : best[j];
      greatest[j] = isGreater ? value : greatest[j];
    }
  }
}

/** The same columns of every row; all three begin at the first of them. */
NN_INLINE void addMaximaColumns(f32* gradWeight, const f32* weight, usize embeddingDim, usize columns,
                                const u32* indices, const u32* places, const u32* offsets, usize numBags,
                                u32 paddingIdx, const f32* gradOut) {
  u32 best[maxColumns];
  for (usize b = 0; b < numBags; b++, gradOut += embeddingDim) {
    usize start = offsets[b];
    const usize end = offsets[b + 1];
    while (start < end && indices[start] == paddingIdx) start++;
    if (start == end) continue;
    for (usize column = 0; column < columns; column += maxColumns) {
      const usize width = least(columns - column, maxColumns);
      findMaxima(weight + column, embeddingDim, indices, start, end, paddingIdx, width, best);
      for (usize j = 0; j < width; j++) {
        gradWeight[places[best[j]] * embeddingDim + column + j] += gradOut[column + j];
      }
    }
  }
}

/** Each element of gradOut goes to the row that the maximum was taken from. See Kernels::scatterAddMaxBags. */
usize scatterAddMaxBags(f32* gradWeight, usize numRows, const f32* weight, usize numEmbeddings, usize embeddingDim,
                        const u32* indices, const u32* places, usize numIndices, const u32* offsets, usize numBags,
                        u32 paddingIdx, const f32* gradOut) {
  const usize done = firstOutside(places, firstOutside(indices, numIndices, numEmbeddings), numRows);
  if (done < numIndices) return done;
  // Most of the work is looking for maxima, which writes nothing: short rows are worth sharing too.
  split(embeddingDim, itemsThatPay(floatsThatPay, numIndices), 2 * lineFloats, [&](usize from, usize to) {
    addMaximaColumns(gradWeight + from, weight + from, embeddingDim, to - from, indices, places, offsets, numBags,
                     paddingIdx, gradOut + from);
  });
  return numIndices;
}

}  // namespace
}  // namespace nn
