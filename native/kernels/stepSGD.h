#pragma once

#include "stepRows.h"

namespace nn {
namespace {

template <bool hasMomentum, bool decays>
struct SGDLaw {
  f32* weight;
  f32* momentumBuffer;
  const f32* grad;
  f32 lr, momentum, undamped, weightDecay;
  bool nesterov;

  template <typename Vector>
  NN_INLINE void move(usize at, usize from) const {
    const Vector w = load<Vector>(weight + at);
    Vector g = load<Vector>(grad + from);
    if constexpr (decays) g = g + weightDecay * w;
    if constexpr (hasMomentum) {
      const Vector b = momentum * load<Vector>(momentumBuffer + at) + undamped * g;
      store(momentumBuffer + at, b);
      g = nesterov ? g + momentum * b : b;
    }
    store(weight + at, w - lr * g);
  }
};

/** One step of stochastic gradient descent. See Kernels::stepSGD. */
usize stepSGD(f32* weight, f32* momentumBuffer, usize numEmbeddings, usize embeddingDim, const u32* rows, usize numRows,
              const f32* grad, f32 lr, f32 momentum, f32 undamped, bool nesterov, f32 weightDecay) {
  const usize done = firstRowOutside(rows, numRows, numEmbeddings);
  if (done < numRows) return done;
  const auto run = [&]<bool hasMomentum, bool decays>() __attribute__((always_inline)) {
    const SGDLaw<hasMomentum, decays> law = {weight,   momentumBuffer, grad,        lr,
                                             momentum, undamped,       weightDecay, nesterov};
    moveRows<2>(law, {weight, momentumBuffer}, embeddingDim, rows, numRows);
  };
  if (momentumBuffer != nullptr) {
    weightDecay != 0 ? run.template operator()<true, true>() : run.template operator()<true, false>();
  } else {
    weightDecay != 0 ? run.template operator()<false, true>() : run.template operator()<false, false>();
  }
  return numRows;
}

}  // namespace
}  // namespace nn
