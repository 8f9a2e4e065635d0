#pragma once

#include "../exponential.h"
#include "split.h"

namespace nn {
namespace {

template <bool hasBias>
NN_INLINE void softmaxGradientOf(f32* logits, usize numRows, usize numColumns, const f32* bias,
                                 const f32* coefficients) {
  for (usize i = 0; i < numRows; i++, logits += numColumns, coefficients += 3) {
    const f32 shift = shiftOf(coefficients[0]);
    const f64 factor = coefficients[1];
    const f64 share = coefficients[2];
    usize j = 0;
    for (; j + doublesAtOnce <= numColumns; j += doublesAtOnce) {
      Halves logit = load<Halves>(logits + j);
      if constexpr (hasBias) logit = logit + load<Halves>(bias + j);
      store(logits + j, narrow(expUnrounded(widen(logit - shift)) * factor - share));
    }
    for (; j < numColumns; j++) {
      const f32 logit = hasBias ? logits[j] + bias[j] : logits[j];
      const f32 difference = logit - shift;
      logits[j] = static_cast<f32>(expUnrounded(static_cast<f64>(difference)) * factor - share);
    }
  }
}

/** logits become exp(logit - greatest) * factor - share, in place. See Kernels::softmaxGradient. */
void softmaxGradient(f32* logits, usize numRows, usize numColumns, const f32* bias, const f32* coefficients) {
  split(numRows, itemsThatPay(exponentialsThatPay, numColumns), 1, [&](usize from, usize to) {
    f32* const own = logits + from * numColumns;
    if (bias != nullptr) {
      softmaxGradientOf<true>(own, to - from, numColumns, bias, coefficients + 3 * from);
    } else {
      softmaxGradientOf<false>(own, to - from, numColumns, bias, coefficients + 3 * from);
    }
  });
}

}  // namespace
}  // namespace nn
