#pragma once

#include "stepRows.h"

namespace nn {
namespace {

template <bool decays>
struct AdagradLaw {
  f32* weight;
  f32* sum;
  const f32* grad;
  f32 lr, eps, weightDecay;

  template <typename Vector>
  NN_INLINE void move(usize at, usize from) const {
    const Vector w = load<Vector>(weight + at);
    Vector g = load<Vector>(grad + from);
    if constexpr (decays) g = g + weightDecay * w;
    const Vector s = load<Vector>(sum + at) + g * g;
    store(sum + at, s);
    store(weight + at, w - (lr * g) / (squareRoot(s) + eps));
  }
};

/** One step of Adagrad. See Kernels::stepAdagrad. */
usize stepAdagrad(f32* weight, f32* sum, usize numEmbeddings, usize embeddingDim, const u32* rows, usize numRows,
                  const f32* grad, f32 lr, f32 eps, f32 weightDecay) {
  const usize done = firstRowOutside(rows, numRows, numEmbeddings);
  if (done < numRows) return done;
  if (weightDecay != 0) {
    const AdagradLaw<true> law = {weight, sum, grad, lr, eps, weightDecay};
    moveRows<2>(law, {weight, sum}, embeddingDim, rows, numRows);
  } else {
    const AdagradLaw<false> law = {weight, sum, grad, lr, eps, weightDecay};
    moveRows<2>(law, {weight, sum}, embeddingDim, rows, numRows);
  }
  return numRows;
}

}  // namespace
}  // namespace nn
