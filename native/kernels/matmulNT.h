#pragma once

#include "../scratch.h"
#include "dotTile.h"
#include "fewRowsProduct.h"
#include "split.h"

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

/** Rows of a, packed in tiles of `height` rows, the last perhaps fewer, one behind the other. */
struct PackedRows {
  const f32* at;
  usize m, k, height;
};

/** Columns [from, to) of out (m, n): the products with these rows of b. */
void columnsNT(const PackedRows& rows, const f32* b, usize from, usize to, bool accumulate, f32* out, usize n) {
  const auto [packed, m, k, tileHeight] = rows;
  const usize paddedK = roundUp(k, dotLanes);
  const usize tiles = (m + tileHeight - 1) / tileHeight;
  usize j = from;
  if (isStream(m, k)) {
    for (; j < to; j++) {
      dotTileOf<1>(m)(packed, m, b + j * k, k, {b + j * k + floatsAhead, dotLanes}, accumulate, out + j, n);
    }
  }
  const usize rowsInBlock = (tiles > 1 ? blockOfB / (k * tileOfB + 1) + 1 : 1) * tileOfB;
  const usize step = tileOfB * dotLanes / tiles;  // each tile asks for its share of the next block
  while (j < to) {
    const usize left = j;
    const usize right = least(left + rowsInBlock, to);
    const f32* ahead = b + right * k;
    for (usize top = 0; top < m; top += tileHeight) {
      const usize height = least(tileHeight, m - top);
      const f32* tileOfRows = packed + top * paddedK;
      f32* const rowsOfOut = out + top * n;
      for (j = left; j + tileOfB <= right; j += tileOfB, ahead += k / dotLanes * step) {
        dotTileOf<tileOfB>(height)(tileOfRows, height, b + j * k, k, {ahead, step}, accumulate, rowsOfOut + j, n);
      }
      for (; j < right; j++) {
        dotTileOf<1>(height)(tileOfRows, height, b + j * k, k, {ahead, 0}, accumulate, rowsOfOut + j, n);
      }
    }
  }
}

/** out (m, n) = a (m, k) b (n, k)^T for as many rows of a as can be packed at once: packed once, for all who share b.
 */
void productNT(const f32* a, const f32* b, usize m, usize n, usize k, bool accumulate, f32* out) {
  f32* const packed = scratch().a;
  // Tiles of even height: 16 rows are better done as 8 and 8 than as 12 and 4.
  const usize tiles = (m + rowsInTile - 1) / rowsInTile;
  const usize tileHeight = roundUp((m + tiles - 1) / tiles, rowsInLanes);
  for (usize top = 0; top < m; top += tileHeight) {
    packRowsOfA(a + top * k, least(tileHeight, m - top), k, packed + top * roundUp(k, dotLanes));
  }
  const PackedRows rows = {packed, m, k, tileHeight};
  split(n, itemsThatPay(termsThatPay, k * (m + termsOfFloat)), tileOfB,
        [&](usize from, usize to) { columnsNT(rows, b, from, to, accumulate, out, n); });
}

/** Rows of out and columns [from, to) of them that are all dot products of rows too long to be packed. */
NN_INLINE void longProduct(const f32* a, const f32* b, usize m, usize n, usize k, bool accumulate, f32* out) {
  split(m * n, itemsThatPay(floatsThatPay, k), 1, [&](usize from, usize to) {
    for (usize at = from; at < to; at++) {
      dotOfLongRows(a + at / n * k, b + at % n * k, k, accumulate, out + at);
    }
  });
}

/** out (m, n) = a (m, k) b (n, k)^T, or out += with accumulate, by dot products of 8 lanes. See Kernels::matmulNT. */
void matmulNT(const f32* a, const f32* b, usize m, usize n, usize k, bool accumulate, f32* out) {
  const usize paddedK = roundUp(k, dotLanes);
  if (m == 0 || n == 0) return;
  if (paddedK >= scratchOfA / rowsInTile) return longProduct(a, b, m, n, k, accumulate, out);
  const usize rowsAtOnce = least(192, scratchOfA / (paddedK + 1)) / rowsInTile * rowsInTile;
  const auto someRows = [&](usize from, usize to) {
    for (usize top = from; top < to; top += rowsAtOnce) {
      productNT(a + top * k, b, least(rowsAtOnce, to - top), n, k, accumulate, out + top * n);
    }
  };
  // Rows of b are shared, or rows of a where there are few of b.
  if (rowsAtOnce * n * k >= 4 * termsThatPay || m <= rowsAtOnce) return someRows(0, m);
  split(m, itemsThatPay(termsThatPay, n * k), rowsInTile, someRows);
}

}  // namespace
}  // namespace nn
