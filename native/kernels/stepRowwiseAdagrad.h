#pragma once

#include "stepRows.h"

namespace nn {
namespace {

/** The lanes of one dot product: where registers are half as wide the compiler takes two of them. */
typedef f32 RowLanes __attribute__((vector_size(dotLanes * sizeof(f32))));

/** The 8-lane dot product of grad + weightDecay * weight with itself. */
template <bool decays>
NN_INLINE f32 sumOfSquares(const f32* grad, usize count, f32 weightDecay, const f32* weight) {
  RowLanes sums = {};
  usize j = 0;
  for (; j + dotLanes <= count; j += dotLanes) {
    RowLanes g, w;
    __builtin_memcpy(&g, grad + j, sizeof g);
    if constexpr (decays) {
      __builtin_memcpy(&w, weight + j, sizeof w);
      g = g + weightDecay * w;
    }
    sums = sums + g * g;
  }
  f32 lanes[dotLanes];
  __builtin_memcpy(lanes, &sums, sizeof lanes);
  for (usize lane = 0; j < count; j++, lane++) {
    const f32 g = decays ? grad[j] + weightDecay * weight[j] : grad[j];
    lanes[lane] += g * g;
  }
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

struct ScaleLaw {
  f32* weight;
  const f32* grad;
  f32 keep, rate;

  template <typename Vector>
  NN_INLINE void move(usize at, usize from) const {
    store(weight + at, keep * load<Vector>(weight + at) - rate * load<Vector>(grad + from));
  }
};

/** Rows [first, end) of the gradient. */
NN_INLINE void stepRowwiseAll(f32* weight, f32* sum, usize embeddingDim, const u32* rows, usize first, usize end,
                              const f32* grad, f32 lr, f32 eps, f32 weightDecay, bool decoupled) {
  const usize ahead = rowsAhead(embeddingDim);
  grad += first * embeddingDim;
  for (usize r = first; r < end; r++, grad += embeddingDim) {
    if (rows != nullptr && r + ahead < end) {
      prefetchRow<true>(weight + rows[r + ahead] * embeddingDim, embeddingDim);
      __builtin_prefetch(sum + rows[r + ahead], 1);
    }
    const usize row = rows == nullptr ? r : rows[r];
    f32* w = weight + row * embeddingDim;
    const f32 squares = decoupled || weightDecay == 0 ? sumOfSquares<false>(grad, embeddingDim, 0, w)
                                                      : sumOfSquares<true>(grad, embeddingDim, weightDecay, w);
    const f32 s = sum[row] + squares / static_cast<f32>(embeddingDim);
    sum[row] = s;
    const f32 rate = lr / (squareRoot(s) + eps);
    const f32 keep = 1 - (decoupled ? lr : rate) * weightDecay;
    moveStretch(ScaleLaw{w, grad, keep, rate}, 0, 0, embeddingDim);
  }
}

/** One step of Adagrad with one scalar a row. See Kernels::stepRowwiseAdagrad. */
usize stepRowwiseAdagrad(f32* weight, f32* sum, usize numEmbeddings, usize embeddingDim, const u32* rows, usize numRows,
                         const f32* grad, f32 lr, f32 eps, f32 weightDecay, bool decoupled) {
  const usize done = firstRowOutside(rows, numRows, numEmbeddings);
  if (done < numRows) return done;
  if (embeddingDim == 0) return numRows;  // the mean of no squares is no number
  split(numRows, itemsThatPay(floatsThatPay / 2, embeddingDim), 1, [&](usize from, usize to) {
    stepRowwiseAll(weight, sum, embeddingDim, rows, from, to, grad, lr, eps, weightDecay, decoupled);
  });
  return numRows;
}

}  // namespace
}  // namespace nn
