#pragma once

#include "../lanes.h"
#include "../scratch.h"

namespace nn {
namespace {

/** How many consecutive k are summed in order before their sum joins the total: the numeric law, not a matter of speed.
 */
constexpr usize blockOfK = 256;

// One tile of sums stays in registers for a whole block of k: tileRows x tileRegisters of them, and what is left holds
// a row of b.
#if defined(__AVX512F__)
constexpr usize tileRows = 12;
constexpr usize tileRegisters = 2;
#elif defined(__aarch64__)
constexpr usize tileRows = 8;
constexpr usize tileRegisters = 3;
#else
constexpr usize tileRows = 6;
constexpr usize tileRegisters = 2;
#endif
constexpr usize tileColumns = tileRegisters * wideLanes;

/** Rows of a and columns of b that are packed at once; both whole tiles. */
constexpr usize rowsAtOnce = scratchOfA / blockOfK / tileRows * tileRows / 3;
constexpr usize columnsAtOnce = scratchOfB / blockOfK / tileColumns * tileColumns;

/** Panels of tileRows rows, each panel (depth, tileRows): what a tile reads next lies next. Rows of the last panel may
 * be fewer. */
NN_INLINE void packA(const f32* a, usize rowStride, usize stepStride, usize rows, usize depth, f32* to) {
  for (usize top = 0; top < rows; top += tileRows) {
    const usize height = least(tileRows, rows - top);
    const f32* from = a + top * rowStride;
    for (usize p = 0; p < depth; p++, to += height) {
      for (usize i = 0; i < height; i++) to[i] = from[i * rowStride + p * stepStride];
    }
  }
}

/** One panel of up to tileColumns columns, (depth, tileColumns), the missing ones zero. */
NN_INLINE void packPanelOfB(const f32* b, usize n, usize width, usize depth, f32* to) {
  if (width == tileColumns) {
    for (usize p = 0; p < depth; p++) {
      for (usize c = 0; c < tileRegisters; c++) {
        store(to + p * tileColumns + c * wideLanes, load<Wide>(b + p * n + c * wideLanes));
      }
    }
    return;
  }
  zeroFloats(to, depth * tileColumns);
  for (usize p = 0; p < depth; p++) copyFloats(to + p * tileColumns, b + p * n, width);
}

/** out (rows, width) = or += a panel (depth, rows) ^T times b (depth, tileColumns), whose rows are bStride apart. */
template <usize rows>
void productTile(const f32* a, const f32* b, usize bStride, usize depth, bool add, f32* out, usize n, usize width) {
  Wide sums[rows][tileRegisters] = {};
  for (usize p = 0; p < depth; p++, a += rows, b += bStride) {
    Wide row[tileRegisters];
    for (usize c = 0; c < tileRegisters; c++) row[c] = load<Wide>(b + c * wideLanes);
    for (usize i = 0; i < rows; i++) {
      const Wide factor = broadcast(a[i]);
      for (usize c = 0; c < tileRegisters; c++) sums[i][c] = sums[i][c] + factor * row[c];
    }
  }
  if (width == tileColumns) {
    for (usize i = 0; i < rows; i++) {
      for (usize c = 0; c < tileRegisters; c++) {
        f32* to = out + i * n + c * wideLanes;
        // A block's sum started at +0, so it is never -0 and +0 plus it is itself.
        store(to, add ? load<Wide>(to) + sums[i][c] : sums[i][c]);
      }
    }
    return;
  }
  for (usize i = 0; i < rows; i++) {
    f32 wide[tileColumns];
    for (usize c = 0; c < tileRegisters; c++) store(wide + c * wideLanes, sums[i][c]);
    for (usize j = 0; j < width; j++) out[i * n + j] = add ? out[i * n + j] + wide[j] : wide[j];
  }
}

using ProductTile = void (*)(const f32* a, const f32* b, usize bStride, usize depth, bool add, f32* out, usize n,
                             usize width);

/** The tile of so many rows, so that a few rows cost no more than they must. */
template <usize rows = tileRows>
NN_INLINE ProductTile tileOf(usize wanted) {
  if constexpr (rows > 1) {
    if (wanted < rows) return tileOf<rows - 1>(wanted);
  }
  return productTile<rows>;
}

/**
 * out[i, j] = the sum over p of a[i * rowStride + p * stepStride] * b[p, j], or that sum added to out:
 * src/backend/js/blockedProduct.ts.
 */
void blockedProduct(const f32* a, usize rowStride, usize stepStride, const f32* b, usize m, usize n, usize k,
                    bool accumulate, f32* out) {
  if (k == 0 && !accumulate) zeroFloats(out, m * n);
  Scratch& packed = scratch();
  for (usize left = 0; left < n; left += columnsAtOnce) {
    const usize columns = least(columnsAtOnce, n - left);
    for (usize start = 0; start < k; start += blockOfK) {
      const usize depth = least(blockOfK, k - start);
      const bool add = accumulate || start > 0;
      const f32* block = b + start * n + left;
      const usize inPlace = m <= tileRows ? columns / tileColumns * tileColumns : 0;  // read once: not worth packing
      for (usize j = inPlace; j < columns; j += tileColumns) {
        packPanelOfB(block + j, n, least(tileColumns, columns - j), depth, packed.b + j * depth);
      }
      for (usize top = 0; top < m; top += rowsAtOnce) {
        const usize rows = least(rowsAtOnce, m - top);
        packA(a + top * rowStride + start * stepStride, rowStride, stepStride, rows, depth, packed.a);
        for (usize j = 0; j < columns; j += tileColumns) {
          const f32* panel = j < inPlace ? block + j : packed.b + j * depth;
          const usize bStride = j < inPlace ? n : tileColumns;
          for (usize i = 0; i < rows; i += tileRows) {
            const usize height = least(tileRows, rows - i);
            tileOf(height)(packed.a + i * depth, panel, bStride, depth, add, out + (top + i) * n + left + j, n,
                           least(tileColumns, columns - j));
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace nn
