#pragma once

#include "../lanes.h"

namespace nn {
namespace {

NN_INLINE bool isGreater(f32 a, f32 b) {
  return a > b || (a != a && b == b);
}

/** Whether one logit comes before another: it is greater, or equal and met first. */
NN_INLINE bool isBefore(f32 a, u32 placeOfA, f32 b, u32 placeOfB) {
  return isGreater(a, b) || (!isGreater(b, a) && placeOfA < placeOfB);
}

/** Puts one into a heap of `kept` at a slot that is free, or further down where a lesser one is. */
inline void sift(f32* values, u32* places, usize kept, usize slot, f32 value, u32 place) {
  for (usize below = 2 * slot + 1; below < kept; below = 2 * slot + 1) {
    if (below + 1 < kept && isBefore(values[below], places[below], values[below + 1], places[below + 1])) below++;
    if (!isBefore(value, place, values[below], places[below])) break;
    values[slot] = values[below];
    places[slot] = places[below];
    slot = below;
  }
  values[slot] = value;
  places[slot] = place;
}

template <bool hasBias>
NN_INLINE void keepGreatestOf(f32* values, u32* places, usize k, usize first, bool isLast, const f32* logits,
                              usize numRows, usize numColumns, const f32* bias) {
  const usize room = first < k ? k - first : 0;
  const usize taken = least(room, numColumns);  // until there are k of them they stand as they come
  const bool isFull = first + taken >= k;
  for (usize i = 0; i < numRows; i++, values += k, places += k, logits += numColumns) {
    const auto logitAt = [=](usize j) { return hasBias ? logits[j] + bias[j] : logits[j]; };
    for (usize j = 0; j < taken; j++) {
      values[first + j] = logitAt(j);
      places[first + j] = static_cast<u32>(first + j);
    }
    if (!isFull || k == 0) continue;
    for (usize slot = taken > 0 ? k >> 1 : 0; slot-- > 0;) {
      sift(values, places, k, slot, values[slot], places[slot]);
    }
    usize j = taken;
    while (j < numColumns) {
      usize end = j + 1;
      if (j + wideLanes <= numColumns) {
        Wide logit = load<Wide>(logits + j);
        if constexpr (hasBias) logit = logit + load<Wide>(bias + j);
        end = j + wideLanes;
        if (areAtMost(logit, broadcast(values[0]))) j = end;
      }
      for (; j < end; j++) {
        const f32 logit = logitAt(j);
        if (isGreater(logit, values[0])) sift(values, places, k, 0, logit, static_cast<u32>(first + j));
      }
    }
    // The least goes behind the rest, one after the other.
    for (usize kept = isLast ? k : 0; kept-- > 1;) {
      const f32 value = values[kept];
      const u32 place = places[kept];
      values[kept] = values[0];
      places[kept] = places[0];
      sift(values, places, kept, 0, value, place);
    }
  }
}

/** One more chunk of each row's logits into its k greatest. See Kernels::keepGreatest. */
void keepGreatest(f32* values, u32* places, usize k, usize first, bool isLast, const f32* logits, usize numRows,
                  usize numColumns, const f32* bias) {
  if (bias != nullptr) {
    keepGreatestOf<true>(values, places, k, first, isLast, logits, numRows, numColumns, bias);
  } else {
    keepGreatestOf<false>(values, places, k, first, isLast, logits, numRows, numColumns, bias);
  }
}

}  // namespace
}  // namespace nn
