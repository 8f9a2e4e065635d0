#pragma once

#include "firstOutside.h"
#include "prefetch.h"
#include "split.h"

namespace nn {
namespace {

/** As firstOutside for the rows of a step: no rows (null) stand for row 0, 1, 2, ... */
NN_INLINE usize firstRowOutside(const u32* rows, usize numRows, usize numEmbeddings) {
  return rows == nullptr ? least(numRows, numEmbeddings) : firstOutside(rows, numRows, numEmbeddings);
}

/** Calls law.move<Vector>(at, from) for `length` elements one after the other, as many at once as a Vector holds: at
 * counts floats of the tables, from floats of grad. */
template <typename Law>
NN_INLINE void moveStretch(const Law& law, usize at, usize from, usize length) {
  usize j = 0;
  for (; j + wideLanes <= length; j += wideLanes) law.template move<Wide>(at + j, from + j);
  if constexpr (wideLanes > 4) {
    for (; j + 4 <= length; j += 4) law.template move<f32x4>(at + j, from + j);
  }
  for (; j < length; j++) law.template move<f32>(at + j, from + j);
}

/**
 * moveStretch for the elements of every row. Rows of the tables are asked for ahead of the work. A dense gradient is
 * one long row.
 */
template <usize numTables, typename Law>
NN_INLINE void moveRows(const Law& law, const f32* const (&tables)[numTables], usize embeddingDim, const u32* rows,
                        usize numRows) {
  if (embeddingDim == 0) return;
  const usize pays = floatsThatPay / numTables;
  if (rows == nullptr) {
    split(numRows * embeddingDim, pays, lineFloats, [&](usize from, usize to) {
      const Law own = law;
      moveStretch(own, from, from, to - from);
    });
    return;
  }
  const usize ahead = rowsAhead(embeddingDim * numTables);
  split(numRows, itemsThatPay(pays, embeddingDim), 1, [&](usize first, usize end) {
    const Law own = law;
    const usize dim = embeddingDim;
    for (usize r = first; r < end; r++) {
      if (r + ahead < end) {
        for (const f32* table : tables) {
          if (table != nullptr) prefetchRow<true>(table + rows[r + ahead] * dim, dim);
        }
      }
      moveStretch(own, rows[r] * dim, r * dim, dim);
    }
  });
}

}  // namespace
}  // namespace nn
