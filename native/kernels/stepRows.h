#pragma once

#include "firstOutside.h"
#include "prefetch.h"

namespace nn {
namespace {

/** As firstOutside for the rows of a step: no rows (null) stand for row 0, 1, 2, ... */
NN_INLINE usize firstRowOutside(const u32* rows, usize numRows, usize numEmbeddings) {
  return rows == nullptr ? least(numRows, numEmbeddings) : firstOutside(rows, numRows, numEmbeddings);
}

/**
 * Calls law.move<Vector>(at, from) for the elements of every row in order, as many of them at once as a Vector holds:
 * at counts floats of the tables, from floats of grad. Rows of the tables are asked for ahead of the work. A dense
 * gradient is one long row.
 */
template <usize numTables, typename Law>
NN_INLINE void moveRows(const Law& law, const f32* const (&tables)[numTables], usize embeddingDim, const u32* rows,
                        usize numRows) {
  if (embeddingDim == 0) return;
  const bool isDense = rows == nullptr;
  const usize numStretches = isDense ? 1 : numRows;
  const usize length = isDense ? numRows * embeddingDim : embeddingDim;
  const usize ahead = rowsAhead(embeddingDim * numTables);
  for (usize r = 0; r < numStretches; r++) {
    if (!isDense && r + ahead < numRows) {
      for (const f32* table : tables) {
        if (table != nullptr) prefetchRow<true>(table + rows[r + ahead] * embeddingDim, embeddingDim);
      }
    }
    const usize at = isDense ? 0 : rows[r] * embeddingDim;
    const usize from = r * embeddingDim;
    usize j = 0;
    for (; j + wideLanes <= length; j += wideLanes) law.template move<Wide>(at + j, from + j);
    if constexpr (wideLanes > 4) {
      for (; j + 4 <= length; j += 4) law.template move<f32x4>(at + j, from + j);
    }
    for (; j < length; j++) law.template move<f32>(at + j, from + j);
  }
}

}  // namespace
}  // namespace nn
