/**
 * e^x in doubles, many at once: src/backend/js/exponential.ts, operation by operation. Included by kernels after
 * lanes.h, and like it in an anonymous namespace.
 */
#pragma once

#include "lanes.h"

namespace nn {
namespace {

using f64 = double;

// As many doubles as a register holds, the integers of the same width, and the floats that become them.
#if defined(__AVX512F__)
typedef f64 Doubles __attribute__((vector_size(64)));
typedef __INT64_TYPE__ Longs __attribute__((vector_size(64)));
typedef f32 Halves __attribute__((vector_size(32)));
#elif defined(__AVX2__)
typedef f64 Doubles __attribute__((vector_size(32)));
typedef __INT64_TYPE__ Longs __attribute__((vector_size(32)));
typedef f32 Halves __attribute__((vector_size(16)));
#else
typedef f64 Doubles __attribute__((vector_size(16)));
typedef __INT64_TYPE__ Longs __attribute__((vector_size(16)));
typedef f32 Halves __attribute__((vector_size(8)));
#endif

constexpr usize doublesAtOnce = sizeof(Doubles) / sizeof(f64);

NN_INLINE Doubles widen(const Halves& floats) {
  return __builtin_convertvector(floats, Doubles);
}
NN_INLINE Halves narrow(const Doubles& doubles) {
  return __builtin_convertvector(doubles, Halves);
}

/** Adding and subtracting 1.5 x 2^52 rounds a double to an integer, which then stands in its lowest bits. */
constexpr f64 rounder = 6755399441055744;
constexpr f64 log2e = 1.4426950408889634;
constexpr f64 ln2 = 0.6931471805599453;

/** e^x for x <= 88 that were floats; 0 below -87. */
NN_INLINE Doubles expUnrounded(const Doubles& x) {
  const Doubles shifted = x * log2e + rounder;
  const Doubles r = x - (shifted - rounder) * ln2;
  Doubles sum = r * (1.0 / 5040) + 1.0 / 720;
  sum = sum * r + 1.0 / 120;
  sum = sum * r + 1.0 / 24;
  sum = sum * r + 1.0 / 6;
  sum = sum * r + 1.0 / 2;
  sum = sum * r + 1.0;
  sum = sum * r + 1.0;
  const Doubles power = (Doubles)(((Longs)shifted + 1023) << 52);
  const Longs isSmall = (Longs)(x < -87.0);
  return (Doubles)(~isSmall & (Longs)(sum * power));
}

/** The same of one. */
NN_INLINE f64 expUnrounded(f64 x) {
  return expUnrounded(Doubles{} + x)[0];
}

/** Eight lanes of doubles, folded in the order of a dot product. */
NN_INLINE f64 foldDoubles(const f64 (&s)[dotLanes]) {
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/** What is taken from logits before the exponential: their greatest, or 0 where all are -Infinity. */
NN_INLINE f32 shiftOf(f32 greatest) {
  return greatest == -__builtin_inff() ? 0 : greatest;
}

}  // namespace
}  // namespace nn
