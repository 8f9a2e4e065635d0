#pragma once

#include "../lanes.h"

namespace nn {
namespace {

typedef __INT32_TYPE__ i32x4 __attribute__((vector_size(16)));

/** 1 / (1 + e^-x), four at a time: src/backend/js/sigmoid.ts says how and why. */
NN_INLINE f32x4 sigmoid(f32x4 x) {
  const f32x4 most = {30, 30, 30, 30};
  f32x4 t = -x;
  t = t > most ? most : t;
  t = t < -most ? -most : t;
  const f32x4 rounder = f32x4{} + 12582912.0f;
  const f32x4 shifted = t * 1.44269504f + rounder;
  const f32x4 i = shifted - rounder;
  const f32x4 r = (t - i * 0.693359375f) - i * -2.1219444e-4f;
  f32x4 sum = (1.0f / 720) * r + 1.0f / 120;
  sum = sum * r + 1.0f / 24;
  sum = sum * r + 1.0f / 6;
  sum = sum * r + 1.0f / 2;
  sum = sum * r + 1.0f;
  sum = sum * r + 1.0f;
  // The last bits of the shifted number are i itself: as an exponent they make 2^i. What NaN makes of it does not
  // matter.
  const i32x4 power = ((i32x4)shifted - (i32x4)rounder + 127) << 23;
  return 1.0f / (1.0f + sum * (f32x4)power);
}

}  // namespace
}  // namespace nn
