#pragma once

#include "../scratch.h"
#include "dotTile.h"

namespace nn {
namespace {

using DotTile = void (*)(const f32* a, usize height, const f32* b, usize k, Ahead ahead, bool accumulate, f32* out,
                         usize n);

/** The tile of so many rows of a by rowsOfB rows of b. */
template <usize rowsOfB, usize registersOfA = tileOfA>
NN_INLINE DotTile dotTileOf(usize height) {
  if constexpr (registersOfA > 1) {
    if (height <= (registersOfA - 1) * rowsInLanes) return dotTileOf<rowsOfB, registersOfA - 1>(height);
  }
  return dotTile<registersOfA, rowsOfB>;
}

/** One tile of rows of a, (chunks, rows, 8): zero beyond k, and in the row that only fills a register. */
NN_INLINE void packRowsOfA(const f32* a, usize height, usize k, f32* to) {
  const usize padded = roundUp(height, rowsInLanes);
  const usize whole = k / dotLanes * dotLanes;
  for (usize i = 0; i < padded; i++, to += dotLanes) {
    f32* chunk = to;
    const f32* from = a + i * k;
    if (i == height) {
      for (usize p = 0; p < k; p += dotLanes, chunk += padded * dotLanes) zeroFloats(chunk, dotLanes);
      continue;
    }
    for (usize p = 0; p < whole; p += dotLanes, chunk += padded * dotLanes) copyFloats(chunk, from + p, dotLanes);
    for (usize p = whole; p < roundUp(k, dotLanes); p++) chunk[p - whole] = p < k ? from[p] : 0;
  }
}

/** So many floats of b pass by all tiles of a before the next come; these and the next fit a second-level cache. */
constexpr usize blockOfB = 32 * 1024;

/**
 * With few rows of a, and those in the first-level cache, memory sets the pace, and one row of b at a time is what it
 * gives fastest. Short rows have more to fold than to read: they go four by four like all others.
 */
NN_INLINE bool isStream(usize m, usize k) {
  return m <= least(2 * rowsInLanes, rowsInTile) && k >= 256 && m * k <= 6144;
}

/** out (m, n) = a (m, k) b (n, k)^T for as many rows of a as can be packed at once. */
NN_INLINE void productNT(const f32* a, const f32* b, usize m, usize n, usize k, bool accumulate, f32* out) {
  f32* packed = scratch().a;
  const usize paddedK = roundUp(k, dotLanes);
  // Tiles of even height: 16 rows are better done as 8 and 8 than as 12 and 4.
  const usize tiles = (m + rowsInTile - 1) / rowsInTile;
  const usize tileHeight = roundUp((m + tiles - 1) / tiles, rowsInLanes);
  for (usize top = 0; top < m; top += tileHeight) {
    packRowsOfA(a + top * k, least(tileHeight, m - top), k, packed + top * paddedK);
  }
  usize j = 0;
  if (isStream(m, k)) {
    for (; j < n; j++) {
      dotTileOf<1>(m)(packed, m, b + j * k, k, {b + j * k + floatsAhead, dotLanes}, accumulate, out + j, n);
    }
  }
  const usize rowsInBlock = (tiles > 1 ? blockOfB / (k * tileOfB + 1) + 1 : 1) * tileOfB;
  const usize step = tileOfB * dotLanes / tiles;  // each tile asks for its share of the next block
  while (j < n) {
    const usize left = j;
    const usize right = least(left + rowsInBlock, n);
    const f32* ahead = b + right * k;
    for (usize top = 0; top < m; top += tileHeight) {
      const usize height = least(tileHeight, m - top);
      const f32* tileOfRows = packed + top * paddedK;
      f32* to = out + top * n;
      for (j = left; j + tileOfB <= right; j += tileOfB, ahead += k / dotLanes * step) {
        dotTileOf<tileOfB>(height)(tileOfRows, height, b + j * k, k, {ahead, step}, accumulate, to + j, n);
      }
      for (; j < right; j++) {
        dotTileOf<1>(height)(tileOfRows, height, b + j * k, k, {ahead, 0}, accumulate, to + j, n);
      }
    }
  }
}

/** out (m, n) = a (m, k) b (n, k)^T, or out += with accumulate, by dot products of 8 lanes. See Kernels::matmulNT. */
void matmulNT(const f32* a, const f32* b, usize m, usize n, usize k, bool accumulate, f32* out) {
  const usize paddedK = roundUp(k, dotLanes);
  if (m == 0) return;
  if (paddedK >= scratchOfA / rowsInTile) {
    for (usize i = 0; i < m; i++) {
      for (usize j = 0; j < n; j++) dotOfLongRows(a + i * k, b + j * k, k, accumulate, out + i * n + j);
    }
    return;
  }
  const usize rowsAtOnce = least(192, scratchOfA / (paddedK + 1)) / rowsInTile * rowsInTile;
  for (usize top = 0; top < m; top += rowsAtOnce) {
    productNT(a + top * k, b, least(rowsAtOnce, m - top), n, k, accumulate, out + top * n);
  }
}

}  // namespace
}  // namespace nn
