#pragma once

#include "stepRows.h"

namespace nn {
namespace {

template <bool decays>
struct AdamLaw {
  f32* weight;
  f32* expAvg;
  f32* expAvgSq;
  const f32* grad;
  f32 stepSize, beta1, gain1, beta2, gain2, rootCorrection, eps, weightDecay, keep;

  template <typename Vector>
  NN_INLINE void move(usize at, usize from) const {
    const Vector w = keep * load<Vector>(weight + at);
    Vector g = load<Vector>(grad + from);
    if constexpr (decays) g = g + weightDecay * w;
    const Vector m = beta1 * load<Vector>(expAvg + at) + gain1 * g;
    const Vector v = beta2 * load<Vector>(expAvgSq + at) + (gain2 * g) * g;
    store(expAvg + at, m);
    store(expAvgSq + at, v);
    store(weight + at, w - (stepSize * m) / (squareRoot(v) / rootCorrection + eps));
  }
};

/** One step of Adam or AdamW. See Kernels::stepAdam. */
usize stepAdam(f32* weight, f32* expAvg, f32* expAvgSq, usize numEmbeddings, usize embeddingDim, const u32* rows,
               usize numRows, const f32* grad, f32 stepSize, f32 beta1, f32 gain1, f32 beta2, f32 gain2,
               f32 rootCorrection, f32 eps, f32 weightDecay, f32 keep) {
  const usize done = firstRowOutside(rows, numRows, numEmbeddings);
  if (done < numRows) return done;
  const auto run = [&](auto law) __attribute__((always_inline)) {
    moveRows<3>(law, {weight, expAvg, expAvgSq}, embeddingDim, rows, numRows);
  };
  if (weightDecay != 0) {
    run(AdamLaw<true>{weight, expAvg, expAvgSq, grad, stepSize, beta1, gain1, beta2, gain2, rootCorrection, eps,
                      weightDecay, keep});
  } else {
    run(AdamLaw<false>{weight, expAvg, expAvgSq, grad, stepSize, beta1, gain1, beta2, gain2, rootCorrection, eps,
                       weightDecay, keep});
  }
  return numRows;
}

}  // namespace
}  // namespace nn
