#pragma once

#include "../lanes.h"

namespace nn {
namespace {

/** So few rows of a that memory sets the pace: b is then best read as it lies, in long runs. */
constexpr usize fewRows = 8;

/** Terms that could be computed while one float of b comes from memory: what a row of b or a column costs beside them.
 */
constexpr usize termsOfFloat = 10;

/** How many columns are summed side by side: the sums fill half a small first-level cache. */
NN_INLINE constexpr usize columnsInSums(usize rows) {
  return rows <= 4 ? 1024 : 512;
}

/** sums[i, :] += a step after the other, `steps` of them while a sum is in a register. Rows of b are n apart. */
template <usize rows, usize steps>
NN_INLINE void addSteps(const f32* a, usize rowStride, usize stepStride, const f32* b, usize n, usize width,
                        f32 (&sums)[rows][columnsInSums(rows)]) {
  f32 factors[rows][steps];
  for (usize i = 0; i < rows; i++) {
    for (usize p = 0; p < steps; p++) factors[i][p] = a[i * rowStride + p * stepStride];
  }
  usize j = 0;
  for (; j + wideLanes <= width; j += wideLanes) {
    for (usize i = 0; i < rows; i++) {
      Wide sum = load<Wide>(sums[i] + j);
      for (usize p = 0; p < steps; p++) sum = sum + broadcast(factors[i][p]) * load<Wide>(b + p * n + j);
      store(sums[i] + j, sum);
    }
  }
  for (; j < width; j++) {
    for (usize i = 0; i < rows; i++) {
      for (usize p = 0; p < steps; p++) sums[i][j] = sums[i][j] + factors[i][p] * b[p * n + j];
    }
  }
}

/** One block of k: out (rows, width) = or += a (rows, depth) b (depth, width). out and b have rows of n. */
template <usize rows>
void fewRowsBlock(const f32* a, usize rowStride, usize stepStride, const f32* b, usize n, usize width, usize depth,
                  bool add, f32* out) {
  f32 sums[rows][columnsInSums(rows)];
  for (usize i = 0; i < rows; i++) zeroFloats(sums[i], width);
  usize p = 0;
  for (; p + 4 <= depth; p += 4) {
    addSteps<rows, 4>(a + p * stepStride, rowStride, stepStride, b + p * n, n, width, sums);
  }
  for (; p < depth; p++) addSteps<rows, 1>(a + p * stepStride, rowStride, stepStride, b + p * n, n, width, sums);
  for (usize i = 0; i < rows; i++) {
    for (usize j = 0; j < width; j++) out[i * n + j] = add ? out[i * n + j] + sums[i][j] : sums[i][j];
  }
}

using FewRowsBlock = void (*)(const f32* a, usize rowStride, usize stepStride, const f32* b, usize n, usize width,
                              usize depth, bool add, f32* out);

constexpr FewRowsBlock fewRowsBlocks[fewRows + 1] = {
    nullptr,         fewRowsBlock<1>, fewRowsBlock<2>, fewRowsBlock<3>, fewRowsBlock<4>,
    fewRowsBlock<5>, fewRowsBlock<6>, fewRowsBlock<7>, fewRowsBlock<8>,
};

}  // namespace
}  // namespace nn
