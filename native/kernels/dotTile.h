#pragma once

#include "../lanes.h"

namespace nn {
namespace {

// A tile of dot products stays in registers from the first k to the last: tileOfA registers of rows of a by tileOfB
// rows of b.
#if defined(__AVX512F__)
constexpr usize tileOfA = 6;
constexpr usize tileOfB = 4;
#elif defined(__AVX2__)
constexpr usize tileOfA = 3;
constexpr usize tileOfB = 4;
#elif defined(__aarch64__)
constexpr usize tileOfA = 3;
constexpr usize tileOfB = 4;
#else
constexpr usize tileOfA = 1;
constexpr usize tileOfB = 4;
#endif
constexpr usize rowsInTile = tileOfA * rowsInLanes;

/** Rows of b as a tile reads them: element p of row j is at[j * rowStride + p / 8 * chunkStride + p % 8]. */
struct RowsOfB {
  const f32* at;
  usize rowStride, chunkStride;
};

/** sums += products of chunks of 8 k. a is (chunks, registersOfA * rowsInLanes, 8). */
template <usize registersOfA, usize rowsOfB>
NN_INLINE void addChunks(const f32* a, RowsOfB b, usize chunks, Lanes (&sums)[registersOfA][rowsOfB]) {
  for (; chunks > 0; chunks--, a += registersOfA * rowsInLanes * dotLanes, b.at += b.chunkStride) {
    Lanes fromB[rowsOfB];
    for (usize j = 0; j < rowsOfB; j++) fromB[j] = loadB(b.at + j * b.rowStride);
    for (usize i = 0; i < registersOfA; i++) {
      const Lanes fromA = loadA(a + i * rowsInLanes * dotLanes);
      for (usize j = 0; j < rowsOfB; j++) sums[i][j] = sums[i][j] + fromA * fromB[j];
    }
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
void dotTile(const f32* a, usize height, const f32* b, usize k, bool accumulate, f32* out, usize n) {
  Lanes sums[registersOfA][rowsOfB] = {};
  const usize chunks = k / dotLanes;
  const usize tail = k % dotLanes;
  addChunks<registersOfA, rowsOfB>(a, {b, k, dotLanes}, chunks, sums);
  if (tail > 0) {
    f32 last[rowsOfB * dotLanes] = {};
    for (usize j = 0; j < rowsOfB; j++) copyFloats(last + j * dotLanes, b + j * k + chunks * dotLanes, tail);
    addChunks<registersOfA, rowsOfB>(a + chunks * registersOfA * rowsInLanes * dotLanes, {last, dotLanes, 0}, 1, sums);
  }
  foldTile<registersOfA, rowsOfB>(sums, height, accumulate, out, n);
}

}  // namespace
}  // namespace nn
