#pragma once

#include "../exponential.h"
#include "split.h"

namespace nn {
namespace {

/** The greatest of a row's logits, or least where none is greater; NaN never is. */
template <bool hasBias>
NN_INLINE f32 greatestLogit(const f32* logits, usize numColumns, const f32* bias, f32 least) {
  // Four registers, so that one comparison need not wait for the last.
  constexpr usize step = 4 * wideLanes;
  Wide greatest[4];
  for (auto& each : greatest) each = broadcast(-__builtin_inff());
  usize j = 0;
  for (; j + step <= numColumns; j += step) {
    for (usize c = 0; c < 4; c++) {
      Wide logit = load<Wide>(logits + j + c * wideLanes);
      if constexpr (hasBias) logit = logit + load<Wide>(bias + j + c * wideLanes);
      greatest[c] = logit > greatest[c] ? logit : greatest[c];
    }
  }
  for (const auto& each : greatest) {
    for (usize c = 0; c < wideLanes; c++) least = each[c] > least ? each[c] : least;
  }
  for (; j < numColumns; j++) {
    const f32 logit = hasBias ? logits[j] + bias[j] : logits[j];
    least = logit > least ? logit : least;
  }
  return least + 0.0f;  // -0 becomes +0
}

template <bool hasBias>
NN_INLINE void sumExponentialsOf(f32* statistics, const f32* logits, usize numRows, usize numColumns, const f32* bias) {
  constexpr usize registers = dotLanes / doublesAtOnce;
  for (usize i = 0; i < numRows; i++, statistics += 3, logits += numColumns) {
    const f32 before = statistics[0];
    const f32 greatest = greatestLogit<hasBias>(logits, numColumns, bias, before);
    const f32 shift = shiftOf(greatest);
    Doubles powerLanes[registers] = {};
    Doubles sumLanes[registers] = {};
    usize j = 0;
    for (; j + dotLanes <= numColumns; j += dotLanes) {
      for (usize c = 0; c < registers; c++) {
        Halves logit = load<Halves>(logits + j + c * doublesAtOnce);
        if constexpr (hasBias) logit = logit + load<Halves>(bias + j + c * doublesAtOnce);
        powerLanes[c] = powerLanes[c] + expUnrounded(widen(logit - shift));
        sumLanes[c] = sumLanes[c] + widen(logit);
      }
    }
    f64 powers[dotLanes], sums[dotLanes];
    __builtin_memcpy(powers, powerLanes, sizeof powers);
    __builtin_memcpy(sums, sumLanes, sizeof sums);
    for (usize l = 0; j < numColumns; j++, l++) {
      const f32 logit = hasBias ? logits[j] + bias[j] : logits[j];
      const f32 difference = logit - shift;
      powers[l] += expUnrounded(static_cast<f64>(difference));
      sums[l] += logit;
    }
    const f32 fallen = before - shift;
    statistics[0] = greatest;
    statistics[1] = static_cast<f32>(statistics[1] * expUnrounded(static_cast<f64>(fallen)) + foldDoubles(powers));
    statistics[2] = static_cast<f32>(statistics[2] + foldDoubles(sums));
  }
}

/** One more chunk of each row's logits into its greatest, its sum of exponentials and its sum of logits. See
 * Kernels::sumExponentials. */
void sumExponentials(f32* statistics, const f32* logits, usize numRows, usize numColumns, const f32* bias) {
  split(numRows, itemsThatPay(exponentialsThatPay, numColumns), 1, [&](usize from, usize to) {
    const f32* const own = logits + from * numColumns;
    if (bias != nullptr) {
      sumExponentialsOf<true>(statistics + 3 * from, own, to - from, numColumns, bias);
    } else {
      sumExponentialsOf<false>(statistics + 3 * from, own, to - from, numColumns, bias);
    }
  });
}

}  // namespace
}  // namespace nn
