#include "limits.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "threads.h"

namespace nn {
namespace {

/** The loops of one width. What they return is only there so that no compiler leaves the work out. */
struct Loops {
  const char* name;
  f32 (*read)(const f32* from, usize count);
  f32 (*rows)(const f32* table, usize dim, const u32* rows, usize numRows, f32* out);
  f32 (*multiplyAdd)(usize numPairs);
};

constexpr usize prefetchBytes = 8192;

inline __attribute__((always_inline)) void askFor(const f32* row, usize dim) {
  const usize asked = dim < 256 ? dim : 256;  // the machine's own prefetcher follows longer rows by itself
  for (usize j = 0; j < asked; j += 16) __builtin_prefetch(row + j);
  __builtin_prefetch(row + asked - 1);
}

// One body for each width. A macro, for a template with the wider registers cannot be compiled outside a function that
// may use them.
#define NN_LIMIT_LOOPS(suffix, TARGET, V, LANES, LOAD, STORE, ADD, SET, FUSED)                                  \
  TARGET f32 read##suffix(const f32* from, usize count) {                                                       \
    V s0 = SET(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;                               \
    usize i = 0;                                                                                                \
    for (; i + 8 * LANES <= count; i += 8 * LANES) {                                                            \
      s0 = ADD(s0, LOAD(from + i)), s1 = ADD(s1, LOAD(from + i + LANES));                                       \
      s2 = ADD(s2, LOAD(from + i + 2 * LANES)), s3 = ADD(s3, LOAD(from + i + 3 * LANES));                       \
      s4 = ADD(s4, LOAD(from + i + 4 * LANES)), s5 = ADD(s5, LOAD(from + i + 5 * LANES));                       \
      s6 = ADD(s6, LOAD(from + i + 6 * LANES)), s7 = ADD(s7, LOAD(from + i + 7 * LANES));                       \
    }                                                                                                           \
    f32 sums[LANES];                                                                                            \
    STORE(sums, ADD(ADD(ADD(s0, s1), ADD(s2, s3)), ADD(ADD(s4, s5), ADD(s6, s7))));                             \
    f32 sum = sums[0];                                                                                          \
    for (; i < count; i++) sum += from[i];                                                                      \
    return sum;                                                                                                 \
  }                                                                                                             \
  TARGET f32 rows##suffix(const f32* table, usize dim, const u32* rows, usize numRows, f32* out) {              \
    usize ahead = prefetchBytes / 4 / dim;                                                                      \
    ahead = ahead < 2 ? 2 : ahead > 64 ? 64 : ahead;                                                            \
    V sum = SET(0);                                                                                             \
    f32 rest = 0;                                                                                               \
    for (usize i = 0; i < numRows; i++) {                                                                       \
      if (i + ahead < numRows) askFor(table + rows[i + ahead] * dim, dim);                                      \
      const f32* from = table + rows[i] * dim;                                                                  \
      usize j = 0;                                                                                              \
      if (out == nullptr) {                                                                                     \
        for (; j + LANES <= dim; j += LANES) sum = ADD(sum, LOAD(from + j));                                    \
        for (; j < dim; j++) rest += from[j];                                                                   \
      } else {                                                                                                  \
        for (; j + LANES <= dim; j += LANES) STORE(out + j, LOAD(from + j));                                    \
        for (; j < dim; j++) out[j] = from[j];                                                                  \
        out += dim;                                                                                             \
      }                                                                                                         \
    }                                                                                                           \
    f32 sums[LANES];                                                                                            \
    STORE(sums, sum);                                                                                           \
    return sums[0] + rest;                                                                                      \
  }                                                                                                             \
  TARGET f32 multiplyAdd##suffix(usize numPairs) {                                                              \
    V s[12];                                                                                                    \
    for (usize i = 0; i < 12; i++) s[i] = SET(1.0f + i);                                                        \
    const V factor = SET(0.999f), term = SET(0.001f);                                                           \
    for (usize done = 0; done < numPairs; done += 12 * LANES) {                                                 \
      s[0] = FUSED(s[0], factor, term), s[1] = FUSED(s[1], factor, term), s[2] = FUSED(s[2], factor, term);     \
      s[3] = FUSED(s[3], factor, term), s[4] = FUSED(s[4], factor, term), s[5] = FUSED(s[5], factor, term);     \
      s[6] = FUSED(s[6], factor, term), s[7] = FUSED(s[7], factor, term), s[8] = FUSED(s[8], factor, term);     \
      s[9] = FUSED(s[9], factor, term), s[10] = FUSED(s[10], factor, term), s[11] = FUSED(s[11], factor, term); \
    }                                                                                                           \
    V sum = s[0];                                                                                               \
    for (usize i = 1; i < 12; i++) sum = ADD(sum, s[i]);                                                        \
    f32 sums[LANES];                                                                                            \
    STORE(sums, sum);                                                                                           \
    return sums[0];                                                                                             \
  }

#if defined(__x86_64__)

#define NN_SSE_FUSED(a, b, c) _mm_add_ps(_mm_mul_ps(a, b), c)
#define NN_512 __attribute__((target("avx512f")))
#define NN_256 __attribute__((target("avx2,fma")))
NN_LIMIT_LOOPS(512, NN_512, __m512, 16, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_add_ps, _mm512_set1_ps,
               _mm512_fmadd_ps)
NN_LIMIT_LOOPS(256, NN_256, __m256, 8, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_add_ps, _mm256_set1_ps,
               _mm256_fmadd_ps)
NN_LIMIT_LOOPS(128, , __m128, 4, _mm_loadu_ps, _mm_storeu_ps, _mm_add_ps, _mm_set1_ps, NN_SSE_FUSED)

Loops choose() {
  if (__builtin_cpu_supports("avx512f")) return {"AVX-512", read512, rows512, multiplyAdd512};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return {"AVX2 with FMA", read256, rows256, multiplyAdd256};
  }
  return {"SSE2", read128, rows128, multiplyAdd128};
}

#elif defined(__aarch64__)

#define NN_NEON_FUSED(a, b, c) vfmaq_f32(c, a, b)
NN_LIMIT_LOOPS(128, , float32x4_t, 4, vld1q_f32, vst1q_f32, vaddq_f32, vdupq_n_f32, NN_NEON_FUSED)

Loops choose() {
  return {"NEON", read128, rows128, multiplyAdd128};
}

#else

#define NN_PLAIN_LOAD(from) (*(from))
#define NN_PLAIN_STORE(to, value) (*(to) = (value))
#define NN_PLAIN_ADD(a, b) ((a) + (b))
#define NN_PLAIN_SET(value) (static_cast<f32>(value))
#define NN_PLAIN_FUSED(a, b, c) ((a) * (b) + (c))
NN_LIMIT_LOOPS(Plain, , f32, 1, NN_PLAIN_LOAD, NN_PLAIN_STORE, NN_PLAIN_ADD, NN_PLAIN_SET, NN_PLAIN_FUSED)

Loops choose() {
  return {"no vectors", readPlain, rowsPlain, multiplyAddPlain};
}

#endif

const Loops chosen = choose();  // when the addon is loaded: not in a function, for that takes the C++ library

const Loops& loops() {
  return chosen;
}

double now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

volatile f32 sink;

/** A thread's share: `part` of `numParts`. */
template <typename Work>
struct Share {
  const Work* work;
  usize part, numParts;
  usize* waiting;
};

template <typename Work>
void* runShare(void* given) {
  const Share<Work>& share = *static_cast<Share<Work>*>(given);
  __atomic_sub_fetch(share.waiting, 1, __ATOMIC_ACQ_REL);
  while (__atomic_load_n(share.waiting, __ATOMIC_ACQUIRE) > 0) {
  }
  (*share.work)(share.part, share.numParts);
  return nullptr;
}

/** Seconds from when all threads are there until the last has done its part; -1 where the system has not as many. */
template <typename Work>
double timeThreads(usize numThreads, const Work& work) {
  if (numThreads > maxThreads) numThreads = maxThreads;
  pthread_t threads[maxThreads];
  Share<Work> shares[maxThreads];
  usize waiting = numThreads;
  for (usize t = 1; t < numThreads; t++) {
    shares[t] = {&work, t, numThreads, &waiting};
    if (pthread_create(&threads[t], nullptr, runShare<Work>, &shares[t]) == 0) continue;
    // Those that are there wait for the rest, and for this one: they are let go before what they wait on is.
    __atomic_sub_fetch(&waiting, numThreads - t + 1, __ATOMIC_ACQ_REL);
    for (usize s = 1; s < t; s++) pthread_join(threads[s], nullptr);
    return -1;
  }
  __atomic_sub_fetch(&waiting, 1, __ATOMIC_ACQ_REL);
  while (__atomic_load_n(&waiting, __ATOMIC_ACQUIRE) > 0) {
  }
  const double start = now();
  work(0, numThreads);
  for (usize t = 1; t < numThreads; t++) pthread_join(threads[t], nullptr);
  return now() - start;
}

/** Where a part of `count` begins. */
usize partStart(usize count, usize part, usize numParts) {
  return count / numParts * part + (part < count % numParts ? part : count % numParts);
}

}  // namespace

const char* limitVectors() {
  return loops().name;
}

double timeRead(const f32* from, usize count, usize numThreads, usize rounds) {
  return timeThreads(numThreads, [&](usize part, usize numParts) {
    const usize start = partStart(count, part, numParts), end = partStart(count, part + 1, numParts);
    for (usize round = 0; round < rounds; round++) sink = loops().read(from + start, end - start);
  });
}

double timeCopy(const f32* from, f32* to, usize count, usize numThreads, usize rounds) {
  return timeThreads(numThreads, [&](usize part, usize numParts) {
    const usize start = partStart(count, part, numParts), end = partStart(count, part + 1, numParts);
    for (usize round = 0; round < rounds; round++) memcpy(to + start, from + start, (end - start) * sizeof(f32));
  });
}

double timeRows(const f32* table, usize dim, const u32* rows, usize numRows, f32* out, usize numThreads, usize rounds) {
  return timeThreads(numThreads, [&](usize part, usize numParts) {
    const usize start = partStart(numRows, part, numParts), end = partStart(numRows, part + 1, numParts);
    f32* to = out == nullptr ? nullptr : out + start * dim;
    for (usize round = 0; round < rounds; round++) sink = loops().rows(table, dim, rows + start, end - start, to);
  });
}

double timeMultiplyAdd(usize numPairs, usize numThreads) {
  return timeThreads(numThreads, [&](usize, usize) { sink = loops().multiplyAdd(numPairs); });
}

}  // namespace nn
