#pragma once

#include "../scratch.h"
#include "dotTile.h"

namespace nn {
namespace {

using DotTile = void (*)(const f32* a, usize height, const f32* b, usize k, bool accumulate, f32* out, usize n);

/** The tile of so many rows of a by rowsOfB rows of b. */
template <usize rowsOfB, usize registersOfA = tileOfA>
NN_INLINE DotTile dotTileOf(usize height) {
  if constexpr (registersOfA > 1) {
    if (height <= (registersOfA - 1) * rowsInLanes) return dotTileOf<rowsOfB, registersOfA - 1>(height);
  }
  return dotTile<registersOfA, rowsOfB>;
}

/** Tiles of rowsInTile rows, each (chunks, rows, 8): zero beyond k, and in the row that only fills a register. */
NN_INLINE void packRowsOfA(const f32* a, usize rows, usize k, f32* to) {
  const usize chunks = roundUp(k, dotLanes) / dotLanes;
  for (usize top = 0; top < rows; top += rowsInTile) {
    const usize height = least(rowsInTile, rows - top);
    const usize padded = roundUp(height, rowsInLanes);
    for (usize i = 0; i < padded; i++) {
      const f32* from = a + (top + i) * k;
      for (usize c = 0; c < chunks; c++) {
        f32* chunk = to + (c * padded + i) * dotLanes;
        const usize count = i < height ? least(dotLanes, k - c * dotLanes) : 0;
        if (count == dotLanes) {
          copyFloats(chunk, from + c * dotLanes, dotLanes);
        } else {
          for (usize l = 0; l < dotLanes; l++) chunk[l] = l < count ? from[c * dotLanes + l] : 0;
        }
      }
    }
    to += padded * chunks * dotLanes;
  }
}

/** out (m, n) = a (m, k) b (n, k)^T, or out += with accumulate, each element 8 lanes and a fold. See Kernels::matmulNT.
 */
void matmulNT(const f32* a, const f32* b, usize m, usize n, usize k, bool accumulate, f32* out) {
  f32* packed = scratch().a;
  for (usize top = 0; top < m; top += rowsInTile) {
    const usize height = least(rowsInTile, m - top);
    packRowsOfA(a + top * k, height, k, packed);
    usize j = 0;
    for (; j + tileOfB <= n; j += tileOfB) {
      dotTileOf<tileOfB>(height)(packed, height, b + j * k, k, accumulate, out + top * n + j, n);
    }
    for (; j < n; j++) dotTileOf<1>(height)(packed, height, b + j * k, k, accumulate, out + top * n + j, n);
  }
}

}  // namespace
}  // namespace nn
