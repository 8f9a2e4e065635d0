#pragma once

#include "prefetch.h"

namespace nn {
namespace {

// A tile of dot products stays in registers from the first k to the last: tileOfA registers of rows of a by tileOfB
// rows of b.
#if defined(__AVX512F__)
constexpr usize tileOfA = 6;
#elif defined(__AVX2__) || defined(__aarch64__)
constexpr usize tileOfA = 3;
#else
constexpr usize tileOfA = 1;
#endif
constexpr usize tileOfB = 4;
constexpr usize rowsInTile = tileOfA * rowsInLanes;

/** Rows of b as a tile reads them: chunk c of row j is at[j * rowStride + c * 8 + ...]. */
struct RowsOfB {
  const f32* at;
  usize rowStride;
};

/** sums += products of `chunks` chunks of 8 k. a is (chunks, registersOfA * rowsInLanes, 8). */
template <usize registersOfA, usize rowsOfB>
NN_INLINE void addChunks(const f32* a, RowsOfB b, usize chunks, Ahead ahead, Lanes (&sums)[registersOfA][rowsOfB]) {
  for (const f32* end = b.at + chunks * dotLanes; b.at < end; b.at += dotLanes) {
    __builtin_prefetch(ahead.at, 0, 2);
    __builtin_prefetch(ahead.at + 16, 0, 2);
    ahead.at += ahead.step;
    Lanes fromB[rowsOfB];
    for (usize j = 0; j < rowsOfB; j++) fromB[j] = loadB(b.at + j * b.rowStride);
    for (usize i = 0; i < registersOfA; i++) {
      const Lanes fromA = loadA(a + i * rowsInLanes * dotLanes);
      for (usize j = 0; j < rowsOfB; j++) sums[i][j] = sums[i][j] + fromA * fromB[j];
    }
    a += registersOfA * rowsInLanes * dotLanes;
  }
}

/** out[i, j] = or += the fold of sums[i][j], for the `height` rows of the tile that exist. */
template <usize registersOfA, usize rowsOfB>
NN_INLINE void foldTile(const Lanes (&sums)[registersOfA][rowsOfB], usize height, bool accumulate, f32* out, usize n) {
  for (usize i = 0; i < registersOfA; i++) {
    for (usize half = 0; half < rowsInLanes; half++) {
      if (i * rowsInLanes + half >= height) return;
      f32* to = out + (i * rowsInLanes + half) * n;
      if constexpr (rowsOfB == 4) {
        const f32x4 folded = foldTwice(foldOnce(sums[i][0], half), foldOnce(sums[i][1], half),
                                       foldOnce(sums[i][2], half), foldOnce(sums[i][3], half));
        store(to, accumulate ? load<f32x4>(to) + folded : folded);
      } else {
        for (usize j = 0; j < rowsOfB; j++) {
          const f32 folded = foldTwice(foldOnce(sums[i][j], half));
          to[j] = accumulate ? to[j] + folded : folded;
        }
      }
    }
  }
}

/** out (height, rowsOfB) = or += a b^T, where a is packed and zero beyond k, and b lies in place: its last chunk may be
 * short. */
template <usize registersOfA, usize rowsOfB>
void dotTile(const f32* a, usize height, const f32* b, usize k, Ahead ahead, bool accumulate, f32* out, usize n) {
  Lanes sums[registersOfA][rowsOfB];
  for (usize i = 0; i < registersOfA; i++) {
    for (usize j = 0; j < rowsOfB; j++) sums[i][j] = Lanes{};
  }
  const usize chunks = k / dotLanes;
  addChunks<registersOfA, rowsOfB>(a, {b, k}, chunks, ahead, sums);
  const usize tail = k % dotLanes;
  if (tail > 0) {
    f32 last[rowsOfB * dotLanes] = {};
    for (usize j = 0; j < rowsOfB; j++) copyFloats(last + j * dotLanes, b + j * k + chunks * dotLanes, tail);
    addChunks<registersOfA, rowsOfB>(a + chunks * registersOfA * rowsInLanes * dotLanes, {last, dotLanes}, 1, {a, 0},
                                     sums);
  }
  foldTile<registersOfA, rowsOfB>(sums, height, accumulate, out, n);
}

/** One dot product of rows too long to be packed: the same lanes, as memory that the compiler keeps in registers. */
NN_INLINE void dotOfLongRows(const f32* a, const f32* b, usize k, bool accumulate, f32* out) {
  struct {
    f32x4 low, high;
  } sums = {};
  const usize whole = k / dotLanes * dotLanes;
  for (usize p = 0; p < whole; p += dotLanes) {
    sums.low = sums.low + load<f32x4>(a + p) * load<f32x4>(b + p);
    sums.high = sums.high + load<f32x4>(a + p + 4) * load<f32x4>(b + p + 4);
  }
  f32 lastA[dotLanes] = {}, lastB[dotLanes] = {};
  for (usize p = whole; p < k; p++) lastA[p - whole] = a[p], lastB[p - whole] = b[p];
  sums.low = sums.low + load<f32x4>(lastA) * load<f32x4>(lastB);
  sums.high = sums.high + load<f32x4>(lastA + 4) * load<f32x4>(lastB + 4);
  const f32 folded = foldTwice(sums.low + sums.high);
  *out = accumulate ? *out + folded : folded;
}

}  // namespace
}  // namespace nn
