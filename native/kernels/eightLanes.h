/** The 8 lanes of src/backend/js/dot.ts for one row, whatever the machine: Lanes of lanes.h may hold two rows side by
 * side. */
#pragma once

#include "../lanes.h"

namespace nn {
namespace {

#ifdef __AVX2__

typedef f32x8 EightLanes;

NN_INLINE EightLanes joined(f32x4 low, f32x4 high) {
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
}
NN_INLINE EightLanes loadLanes(const f32* from) {
  return load<f32x8>(from);
}
NN_INLINE void storeLanes(f32* to, EightLanes lanes) {
  store(to, lanes);
}
NN_INLINE f32x4 folded(EightLanes lanes) {
  return __builtin_shufflevector(lanes, lanes, 0, 1, 2, 3) + __builtin_shufflevector(lanes, lanes, 4, 5, 6, 7);
}
NN_INLINE EightLanes everyLane(f32 value) {
  return value - EightLanes{};
}

#else

typedef Lanes EightLanes;

NN_INLINE EightLanes joined(f32x4 low, f32x4 high) {
  return {low, high};
}
NN_INLINE EightLanes loadLanes(const f32* from) {
  return loadA(from);
}
NN_INLINE void storeLanes(f32* to, EightLanes lanes) {
  store(to, lanes.low);
  store(to + 4, lanes.high);
}
NN_INLINE f32x4 folded(EightLanes lanes) {
  return lanes.low + lanes.high;
}
NN_INLINE EightLanes everyLane(f32 value) {
  return {value - f32x4{}, value - f32x4{}};
}

#endif

/** Fewer than 4 floats, zeros behind them. */
NN_INLINE f32x4 loadFew(const f32* from, usize count) {
  f32x4 few = {};
  if (count > 0) few[0] = from[0];
  if (count > 1) few[1] = from[1];
  if (count > 2) few[2] = from[2];
  return few;
}

/** Fewer than 8 floats, zeros behind them: lanes start at +0, so they change no sum. */
NN_INLINE EightLanes loadTail(const f32* from, usize count) {
  if (count < 4) return joined(loadFew(from, count), f32x4{});
  return joined(load<f32x4>(from), loadFew(from + 4, count - 4));
}

}  // namespace
}  // namespace nn
