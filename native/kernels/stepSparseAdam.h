#pragma once

#include "stepRows.h"

namespace nn {
namespace {

struct SparseAdamLaw {
  f32* weight;
  f32* expAvg;
  f32* expAvgSq;
  const f32* grad;
  f32 stepSize, gain1, gain2, eps;

  template <typename Vector>
  NN_INLINE void move(usize at, usize from) const {
    const Vector g = load<Vector>(grad + from);
    Vector m = load<Vector>(expAvg + at);
    Vector v = load<Vector>(expAvgSq + at);
    m = m + (g - m) * gain1;
    v = v + (g * g - v) * gain2;
    store(expAvg + at, m);
    store(expAvgSq + at, v);
    store(weight + at, load<Vector>(weight + at) - stepSize * (m / (squareRoot(v) + eps)));
  }
};

/** One step of Adam as torch.optim.SparseAdam writes it. See Kernels::stepSparseAdam. */
usize stepSparseAdam(f32* weight, f32* expAvg, f32* expAvgSq, usize numEmbeddings, usize embeddingDim, const u32* rows,
                     usize numRows, const f32* grad, f32 stepSize, f32 gain1, f32 gain2, f32 eps) {
  const usize done = firstRowOutside(rows, numRows, numEmbeddings);
  if (done < numRows) return done;
  const SparseAdamLaw law = {weight, expAvg, expAvgSq, grad, stepSize, gain1, gain2, eps};
  moveRows<3>(law, {weight, expAvg, expAvgSq}, embeddingDim, rows, numRows);
  return numRows;
}

}  // namespace
}  // namespace nn
