#pragma once

#include "../lanes.h"
#include "../scratch.h"
#include "fewRowsProduct.h"
#include "split.h"

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
constexpr usize rowsAtOnce = 96 / tileRows * tileRows;
constexpr usize columnsAtOnce = scratchOfB / blockOfK / tileColumns * tileColumns;

/** A panel of rows, (depth, height), from rows that lie as rows: transposed four by four. */
NN_INLINE void packRows(const f32* a, usize rowStride, usize height, usize depth, f32* to) {
  const usize whole = height < 4 ? 0 : depth / 4 * 4;
  for (usize i = 0; i < height && whole > 0; i += 4) {
    if (i + 4 > height) i = height - 4;  // the last four overlap those before
    const f32* from = a + i * rowStride;
    for (usize p = 0; p < whole; p += 4) {
      f32x4 square[4];
      for (usize r = 0; r < 4; r++) square[r] = load<f32x4>(from + r * rowStride + p);
      transpose(square);
      for (usize r = 0; r < 4; r++) store(to + (p + r) * height + i, square[r]);
    }
  }
  for (usize p = whole; p < depth; p++) {
    for (usize i = 0; i < height; i++) to[p * height + i] = a[i * rowStride + p];
  }
}

/** The same from rows that lie as columns, so that a step of k is a short run of memory. */
NN_INLINE void packColumns(const f32* a, usize stepStride, usize height, usize depth, f32* to) {
  if (height == tileRows) {
    for (usize p = 0; p < depth; p++) copyFloats(to + p * tileRows, a + p * stepStride, tileRows);
  } else {
    for (usize p = 0; p < depth; p++) {
      for (usize i = 0; i < height; i++) to[p * height + i] = a[p * stepStride + i];
    }
  }
}

/** Panels of tileRows rows, what a tile reads next lying next: each panel is (depth, tileRows), the last perhaps
 * (depth, fewer). */
NN_INLINE void packA(const f32* a, usize rowStride, usize stepStride, usize rows, usize depth, f32* to) {
  for (usize top = 0; top < rows; top += tileRows, to += tileRows * depth) {
    const usize height = least(tileRows, rows - top);
    if (stepStride == 1) {
      packRows(a + top * rowStride, rowStride, height, depth, to);
    } else {
      packColumns(a + top * rowStride, stepStride, height, depth, to);
    }
  }
}

/** Panels of tileColumns columns, each (depth, tileColumns), with zeros for columns that do not exist. */
NN_INLINE void packB(const f32* b, usize n, usize columns, usize depth, f32* to) {
  for (usize p = 0; p < depth; p++, b += n, to += tileColumns) {
    usize j = 0;
    for (; j + tileColumns <= columns; j += tileColumns) {
      for (usize c = 0; c < tileColumns; c += wideLanes) store(to + j * depth + c, load<Wide>(b + j + c));
    }
    for (; j < roundUp(columns, tileColumns); j++) {
      to[j / tileColumns * tileColumns * depth + j % tileColumns] = j < columns ? b[j] : 0;
    }
  }
}

/** out (rows, width) = or += a panel (depth, rows) ^T times b (depth, tileColumns). */
template <usize rows>
void productTile(const f32* a, const f32* b, usize depth, bool add, f32* out, usize n, usize width) {
  // The sums will be added to memory that may be far away: ask for it while they are made.
  for (usize i = 0; i < rows; i++) {
    for (usize j = 0; j < tileColumns; j += 16) __builtin_prefetch(out + i * n + j, 1);
    __builtin_prefetch(out + i * n + tileColumns - 1, 1);
  }
  Wide sums[rows][tileRegisters];
  for (usize i = 0; i < rows; i++) {
    for (usize c = 0; c < tileRegisters; c++) sums[i][c] = Wide{};
  }
  for (usize p = 0; p < depth; p++, a += rows, b += tileColumns) {
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

using ProductTile = void (*)(const f32* a, const f32* b, usize depth, bool add, f32* out, usize n, usize width);

/** The tile of so many rows, so that a few rows cost no more than they must. */
template <usize rows = tileRows>
NN_INLINE ProductTile tileOf(usize wanted) {
  if constexpr (rows > 1) {
    if (wanted < rows) return tileOf<rows - 1>(wanted);
  }
  return productTile<rows>;
}

/** The factors of a blocked product, and where it goes. a[i, p] is a[i * rowStride + p * stepStride], b is (k, n), out
 * (m, n). */
struct Product {
  const f32* a;
  usize rowStride, stepStride;
  const f32* b;
  usize m, n, k;
  bool accumulate;
  f32* out;
};

/** Columns [from, to) of a product with few rows. */
void fewRowsColumns(const Product& product, usize from, usize to) {
  const auto [a, rowStride, stepStride, b, m, n, k, accumulate, out] = product;
  const usize columns = columnsInSums(m);
  for (usize left = from; left < to; left += columns) {
    for (usize start = 0; start < k; start += blockOfK) {
      fewRowsBlocks[m](a + start * stepStride, rowStride, stepStride, b + start * n + left, n,
                       least(columns, to - left), least(blockOfK, k - start), accumulate || start > 0, out + left);
    }
  }
}

/** A block of b, (depth, columns), that lies packed. */
struct BlockOfB {
  const f32* packed;
  usize start, depth;   // its k
  usize left, columns;  // its columns
};

/** What a block of b adds to rows [from, to) of out. */
void addBlock(const Product& product, const BlockOfB& block, usize from, usize to) {
  const auto [a, rowStride, stepStride, b, m, n, k, accumulate, out] = product;
  const auto [packedB, start, depth, left, columns] = block;
  const bool add = accumulate || start > 0;
  f32* const packedA = scratch().a;
  for (usize top = from; top < to; top += rowsAtOnce) {
    const usize rows = least(rowsAtOnce, to - top);
    packA(a + top * rowStride + start * stepStride, rowStride, stepStride, rows, depth, packedA);
    for (usize j = 0; j < columns; j += tileColumns) {
      const f32* panel = packedB + j * depth;
      for (usize i = 0; i < rows; i += tileRows) {
        const usize height = least(tileRows, rows - i);
        tileOf(height)(packedA + i * depth, panel, depth, add, out + (top + i) * n + left + j, n,
                       least(tileColumns, columns - j));
      }
    }
  }
}

/** Columns [from, to) of a product. Threads share each block of b: first they pack it, then each takes rows of out. */
void productColumns(const Product& product, usize from, usize to) {
  f32* const packed = scratch().b;
  for (usize left = from; left < to; left += columnsAtOnce) {
    const usize columns = least(columnsAtOnce, to - left);
    for (usize start = 0; start < product.k; start += blockOfK) {
      const usize depth = least(blockOfK, product.k - start);
      const f32* const lying = product.b + start * product.n + left;
      split(columns, itemsThatPay(floatsThatPay / 2, depth), tileColumns, [&](usize first, usize end) {
        packB(lying + first, product.n, end - first, depth, packed + first * depth);
      });
      const BlockOfB block = {packed, start, depth, left, columns};
      split(product.m, itemsThatPay(termsThatPay, columns * depth), tileRows,
            [&](usize top, usize bottom) { addBlock(product, block, top, bottom); });
    }
  }
}

/**
 * out[i, j] = the sum over p of a[i * rowStride + p * stepStride] * b[p, j], or that sum added to out:
 * src/backend/js/blockedProduct.ts.
 */
void blockedProduct(const f32* a, usize rowStride, usize stepStride, const f32* b, usize m, usize n, usize k,
                    bool accumulate, f32* out) {
  if (k == 0 && !accumulate) zeroFloats(out, m * n);
  if (m == 0 || n == 0 || k == 0) return;
  const Product product = {a, rowStride, stepStride, b, m, n, k, accumulate, out};
  const usize columnsThatPay = itemsThatPay(termsThatPay, k * (m + termsOfFloat));
  if (m <= fewRows) {
    split(n, columnsThatPay, 2 * lineFloats, [&](usize from, usize to) { fewRowsColumns(product, from, to); });
    return;
  }
  // Rows are shared, block after block; but columns where they are many more, for a is then soon packed again for each
  // stretch.
  const usize workOfRow = least(n, columnsAtOnce) * least(k, blockOfK);
  if (2 * m >= n && m * workOfRow >= 8 * termsThatPay) return productColumns(product, 0, n);
  const usize unit = roundUp(least((n - 1) / (2 * numThreads()) + 1, columnsAtOnce), tileColumns);
  split(n, columnsThatPay, unit, [&](usize from, usize to) { productColumns(product, from, to); });
}

}  // namespace
}  // namespace nn
