/**
 * The small SIMD vocabulary the kernels are written in. Included once by every file in isa/, after kernels.h; what the
 * compiler's flags allow decides how wide the types are.
 *
 *   Wide    as many floats as a register holds: copies, sums along a row, columns of the blocked product
 *   Lanes   the 8 lanes of a dot product; with 512-bit registers those of two rows of a, side by side
 *
 * Everything is in an anonymous namespace: a function compiled for one instruction set must never be the copy that the
 * linker keeps for another. For the same reason nothing of std is used here. a + b * c is two roundings
 * (-ffp-contract=off).
 */
#pragma once

#include "kernels.h"

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define NN_INLINE inline __attribute__((always_inline))

namespace nn {
namespace {

typedef f32 f32x4 __attribute__((vector_size(16)));
#ifdef __AVX2__
typedef f32 f32x8 __attribute__((vector_size(32)));
#endif
#ifdef __AVX512F__
typedef f32 f32x16 __attribute__((vector_size(64)));
#endif

template <typename Vector>
NN_INLINE Vector load(const f32* from) {
  Vector vector;
  __builtin_memcpy(&vector, from, sizeof vector);  // any alignment
  return vector;
}

template <typename Vector>
NN_INLINE void store(f32* to, const Vector& vector) {
  __builtin_memcpy(to, &vector, sizeof vector);
}

// Stores past the caches, to a multiple of the vector's own size: for what is more than they hold. `fence` comes before
// anybody else looks at it.
#if defined(__SSE2__)
NN_INLINE void stream(f32* to, f32x4 vector) {
  _mm_stream_ps(to, (__m128)vector);
}
NN_INLINE void fence() {
  _mm_sfence();
}
#else
NN_INLINE void stream(f32* to, f32x4 vector) {
  store(to, vector);
}
NN_INLINE void fence() {}
#endif
#ifdef __AVX2__
NN_INLINE void stream(f32* to, f32x8 vector) {
  _mm256_stream_ps(to, (__m256)vector);
}
#endif
#ifdef __AVX512F__
NN_INLINE void stream(f32* to, f32x16 vector) {
  _mm512_stream_ps(to, (__m512)vector);
}
#endif

#if defined(__AVX512F__)
typedef f32x16 Wide;
#elif defined(__AVX2__)
typedef f32x8 Wide;
#else
typedef f32x4 Wide;
#endif

constexpr usize wideLanes = sizeof(Wide) / sizeof(f32);

NN_INLINE Wide broadcast(f32 value) {
  return value - Wide{};
}  // x - 0 is x, also for -0

/** Whether every lane is at most another's; a NaN is not. */
NN_INLINE bool areAtMost(Wide values, Wide most) {
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask((__m512)values, (__m512)most, _CMP_LE_OQ) == 0xffff;
#elif defined(__AVX2__)
  return _mm256_movemask_ps(_mm256_cmp_ps((__m256)values, (__m256)most, _CMP_LE_OQ)) == 0xff;
#elif defined(__SSE2__)
  return _mm_movemask_ps(_mm_cmple_ps((__m128)values, (__m128)most)) == 0xf;
#elif defined(__aarch64__)
  return vminvq_u32(vcleq_f32((float32x4_t)values, (float32x4_t)most)) != 0;
#else
  return values[0] <= most[0] && values[1] <= most[1] && values[2] <= most[2] && values[3] <= most[3];
#endif
}

// Square roots are exact, as quotients are. By name, for compilers make calls of the library's function.
#if defined(__SSE2__)
NN_INLINE f32x4 squareRoot(f32x4 x) {
  return (f32x4)_mm_sqrt_ps((__m128)x);
}
#elif defined(__aarch64__)
NN_INLINE f32x4 squareRoot(f32x4 x) {
  return (f32x4)vsqrtq_f32((float32x4_t)x);
}
#else
NN_INLINE f32x4 squareRoot(f32x4 x) {
  return f32x4{__builtin_sqrtf(x[0]), __builtin_sqrtf(x[1]), __builtin_sqrtf(x[2]), __builtin_sqrtf(x[3])};
}
#endif
#ifdef __AVX2__
NN_INLINE f32x8 squareRoot(f32x8 x) {
  return (f32x8)_mm256_sqrt_ps((__m256)x);
}
#endif
#ifdef __AVX512F__
NN_INLINE f32x16 squareRoot(f32x16 x) {
  return (f32x16)_mm512_maskz_sqrt_ps(0xffff, (__m512)x);  // masked: see loadB
}
#endif
NN_INLINE f32 squareRoot(f32 x) {
  return squareRoot(f32x4{x, 0, 0, 0})[0];
}

/** Lanes of a dot product. */
constexpr usize dotLanes = 8;

#if defined(__AVX512F__)

typedef f32x16 Lanes;
constexpr usize rowsInLanes = 2;

NN_INLINE Lanes loadA(const f32* from) {
  return load<f32x16>(from);
}
NN_INLINE Lanes loadB(const f32* from) {
  // A shuffle would not become one instruction; and without the mask (of ones) GCC 12 warns of its own header.
  return (Lanes)_mm512_maskz_broadcast_f32x8(0xffff, (__m256)load<f32x8>(from));
}

/** s0+s4, s1+s5, s2+s6, s3+s7 of one of the rows. */
NN_INLINE f32x4 foldOnce(Lanes sums, usize row) {
  return row == 0
             ? __builtin_shufflevector(sums, sums, 0, 1, 2, 3) + __builtin_shufflevector(sums, sums, 4, 5, 6, 7)
             : __builtin_shufflevector(sums, sums, 8, 9, 10, 11) + __builtin_shufflevector(sums, sums, 12, 13, 14, 15);
}

#elif defined(__AVX2__)

typedef f32x8 Lanes;
constexpr usize rowsInLanes = 1;

NN_INLINE Lanes loadA(const f32* from) {
  return load<f32x8>(from);
}
NN_INLINE Lanes loadB(const f32* from) {
  return load<f32x8>(from);
}

NN_INLINE f32x4 foldOnce(Lanes sums, usize) {
  return __builtin_shufflevector(sums, sums, 0, 1, 2, 3) + __builtin_shufflevector(sums, sums, 4, 5, 6, 7);
}

#else

struct Lanes {
  f32x4 low, high;
};
constexpr usize rowsInLanes = 1;

NN_INLINE Lanes operator+(Lanes left, Lanes right) {
  return {left.low + right.low, left.high + right.high};
}
NN_INLINE Lanes operator*(Lanes left, Lanes right) {
  return {left.low * right.low, left.high * right.high};
}
NN_INLINE Lanes loadA(const f32* from) {
  return {load<f32x4>(from), load<f32x4>(from + 4)};
}
NN_INLINE Lanes loadB(const f32* from) {
  return loadA(from);
}

NN_INLINE f32x4 foldOnce(Lanes sums, usize) {
  return sums.low + sums.high;
}

#endif

/** The second half of the fold, of one dot product: (t0+t2) + (t1+t3). */
NN_INLINE f32 foldTwice(f32x4 t) {
  return (t[0] + t[2]) + (t[1] + t[3]);
}

/** The same of four dot products at once. */
NN_INLINE f32x4 foldTwice(f32x4 t, f32x4 u, f32x4 v, f32x4 w) {
  // Transposed: after this, evenTU + evenVW hold elements 0 and 2, oddTU + oddVW elements 1 and 3, of t, u, v, w in
  // turn.
  const f32x4 lowTU = __builtin_shufflevector(t, u, 0, 4, 1, 5);
  const f32x4 highTU = __builtin_shufflevector(t, u, 2, 6, 3, 7);
  const f32x4 lowVW = __builtin_shufflevector(v, w, 0, 4, 1, 5);
  const f32x4 highVW = __builtin_shufflevector(v, w, 2, 6, 3, 7);
  const f32x4 sumTU = lowTU + highTU;  // t0+t2, u0+u2, t1+t3, u1+u3
  const f32x4 sumVW = lowVW + highVW;
  return __builtin_shufflevector(sumTU, sumVW, 0, 1, 4, 5) + __builtin_shufflevector(sumTU, sumVW, 2, 3, 6, 7);
}

/** Rows become columns. */
NN_INLINE void transpose(f32x4 (&rows)[4]) {
  const f32x4 low01 = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
  const f32x4 high01 = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
  const f32x4 low23 = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
  const f32x4 high23 = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
  rows[0] = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
  rows[1] = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
  rows[2] = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
  rows[3] = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
}

NN_INLINE usize least(usize a, usize b) {
  return a < b ? a : b;
}
NN_INLINE usize roundUp(usize value, usize multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Nothing at all may come with a null pointer, which memcpy and memset do not take.
NN_INLINE void copyFloats(f32* to, const f32* from, usize count) {
  if (count > 0) __builtin_memcpy(to, from, count * sizeof(f32));
}
NN_INLINE void zeroFloats(f32* to, usize count) {
  if (count > 0) __builtin_memset(to, 0, count * sizeof(f32));
}

}  // namespace
}  // namespace nn
