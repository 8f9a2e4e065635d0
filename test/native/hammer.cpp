/**
 * Several callers at once, each running kernels at random while the number of threads changes, and every result
 * compared bit for bit with the one that a single thread gave. Made to run under the thread sanitizer: see
 * sanitize.mjs.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/isa/tables.h"
#include "../../native/threads.h"

using namespace nn;

namespace {

constexpr usize numCallers = 4;
constexpr usize tableRows = 97;
constexpr usize longest = 1024;
constexpr usize numFloats = 160 * 1024;

u32 next(u32& state) {
  state = state * 1664525 + 1013904223;
  return state >> 8;
}

f32 table[numFloats], gradients[numFloats], initial[numFloats];
u32 ids[longest], distinct[tableRows], offsets[65];

void fill() {
  u32 state = 1;
  const auto draw = [&state] { return static_cast<f32>(next(state) % 20011) / 4096 - 2; };
  for (f32& each : table) each = draw();
  for (f32& each : gradients) each = draw();
  for (f32& each : initial) each = draw() * draw();
  for (u32& each : ids) each = next(state) % tableRows;
  for (usize i = 0; i < tableRows; i++) distinct[i] = static_cast<u32>((i * 31 + 5) % tableRows);
  for (usize b = 1; b < 65; b++) offsets[b] = offsets[b - 1] + next(state) % 17;  // 64 bags of up to 16
}

/** A call that writes to out, which begins as `initial`; what it returns counts too. */
struct Case {
  const char* name;
  usize floats;  // of out that it may write
  usize (*run)(const Kernels& kernels, f32* out);
};

template <auto matmul, usize m, usize n, usize k, bool accumulate>
usize multiply(const Kernels& kernels, f32* out) {
  (kernels.*matmul)(table, gradients, m, n, k, accumulate, out);
  return 0;
}

const u32 outside[4] = {3, 96, 97, 5};
const usize numIds = 600;

const Case cases[] = {
    {"gather", numIds * 21,
     [](const Kernels& kernels, f32* out) { return kernels.gather(table, tableRows, 21, ids, numIds, out); }},
    {"gather, refused", 400,
     [](const Kernels& kernels, f32* out) { return kernels.gather(table, tableRows, 100, outside, 4, out); }},
    {"gatherSum", numIds * 40,
     [](const Kernels& kernels, f32* out) {
       return kernels.gatherSum(table, tableRows, 40, ids, numIds, gradients, 7, 3, out);
     }},
    {"gatherBags", 64 * 70,
     [](const Kernels& kernels, f32* out) {
       return kernels.gatherBags(table, tableRows, 70, ids, longest, offsets, 64, bagMean, 5, nullptr, out);
     }},
    {"dotBags", longest,
     [](const Kernels& kernels, f32* out) {
       return kernels.dotBags(table, tableRows, 37, ids, longest, offsets, 64, 5, gradients, out);
     }},
    {"scatterAdd", tableRows * 769,
     [](const Kernels& kernels, f32* out) { return kernels.scatterAdd(out, tableRows, 769, ids, 60, 5, gradients); }},
    {"scatterAdd, refused", tableRows * 400,
     [](const Kernels& kernels, f32* out) {
       return kernels.scatterAdd(out, tableRows, 400, outside, 4, noPadding, gradients);
     }},
    {"scatterAddBags", tableRows * 400,
     [](const Kernels& kernels, f32* out) {
       return kernels.scatterAddBags(out, tableRows, 400, ids, longest, offsets, 64, 5, table, gradients);
     }},
    {"scatterAddMaxBags", tableRows * 100,
     [](const Kernels& kernels, f32* out) {
       return kernels.scatterAddMaxBags(out, tableRows, table, tableRows, 100, ids, ids, longest, offsets, 64, 5,
                                        gradients);
     }},
    {"matmulNN, few rows", 3 * 300, multiply<&Kernels::matmulNN, 3, 300, 300, true>},
    {"matmulNN", 50 * 130, multiply<&Kernels::matmulNN, 50, 130, 300, false>},
    {"matmulNN, rows of large blocks", 290 * 300, multiply<&Kernels::matmulNN, 290, 300, 260, true>},
    {"matmulTN", 61 * 40, multiply<&Kernels::matmulTN, 61, 40, 270, false>},
    {"matmulNT, one row", 200, multiply<&Kernels::matmulNT, 1, 200, 300, false>},
    {"matmulNT", 30 * 50, multiply<&Kernels::matmulNT, 30, 50, 33, true>},
    {"matmulNT, many rows", 400 * 5, multiply<&Kernels::matmulNT, 400, 5, 9, false>},
    {"matmulNT, long rows", 2 * 3, multiply<&Kernels::matmulNT, 2, 3, 50000, false>},
    {"sumExponentials", 90,
     [](const Kernels& kernels, f32* out) {
       kernels.sumExponentials(out, table, 30, 70, gradients);
       return usize{0};
     }},
    {"softmaxGradient", 30 * 70,
     [](const Kernels& kernels, f32* out) {
       kernels.softmaxGradient(out, 30, 70, nullptr, table);
       return usize{0};
     }},
    {"stepSGD, dense", tableRows * 50,
     [](const Kernels& kernels, f32* out) {
       return kernels.stepSGD(out, nullptr, tableRows, 50, nullptr, tableRows, gradients, 0.1f, 0, 1, false, 0.01f);
     }},
    {"stepAdagrad", 2 * tableRows * 50,
     [](const Kernels& kernels, f32* out) {
       return kernels.stepAdagrad(out, out + tableRows * 50, tableRows, 50, distinct, tableRows, gradients, 0.1f, 1e-8f,
                                  0.01f);
     }},
    {"stepRowwiseAdagrad", tableRows * 51,
     [](const Kernels& kernels, f32* out) {
       return kernels.stepRowwiseAdagrad(out, out + tableRows * 50, tableRows, 50, distinct, tableRows, gradients, 0.1f,
                                         1e-8f, 0, false);
     }},
    {"stepAdam", 3 * tableRows * 50,
     [](const Kernels& kernels, f32* out) {
       f32* const averages = out + tableRows * 50;
       return kernels.stepAdam(out, averages, averages + tableRows * 50, tableRows, 50, distinct, 80, gradients, 0.1f,
                               0.9f, 0.1f, 0.999f, 0.001f, 0.3f, 1e-8f, 0, 0.99f);
     }},
};
constexpr usize numCases = sizeof cases / sizeof cases[0];

const Kernels* tables[3];
usize numTables = 0;

struct Expected {
  usize count;
  f32* floats;
};
Expected expected[3][numCases];

bool sameBits(const f32* a, const f32* b, usize count) {
  for (usize i = 0; i < count; i++) {
    if (memcmp(a + i, b + i, sizeof(f32)) != 0 && (a[i] == a[i] || b[i] == b[i])) return false;  // any NaN is as good
  }
  return true;
}

usize rounds;
usize failures = 0;

void fail(const char* isa, const char* name, const char* what) {
  __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
  fprintf(stderr, "%s, %s: %s\n", isa, name, what);
}

void* callAtRandom(void* number) {
  u32 state = static_cast<u32>(reinterpret_cast<usize>(number)) + 17;
  f32* out = static_cast<f32*>(malloc(sizeof table));
  for (usize round = 0; round < rounds; round++) {
    const usize at = next(state) % numTables;
    const usize which = next(state) % numCases;
    const Case& each = cases[which];
    if (next(state) % 3 == 0) setNumThreads(1 + next(state) % 5);
    if (next(state) % 50 == 0) setSplitsAll(next(state) % 8 != 0);
    memcpy(out, initial, sizeof initial);
    const usize count = each.run(*tables[at], out);
    if (count != expected[at][which].count) fail(tables[at]->isa, each.name, "another count");
    if (!sameBits(out, expected[at][which].floats, numFloats)) fail(tables[at]->isa, each.name, "other bits");
  }
  free(out);
  return nullptr;
}

}  // namespace

int main(int, char** arguments) {
  rounds = static_cast<usize>(atoi(arguments[1]));
  fill();
  tables[numTables++] = &baseline;
#ifdef HAMMER_AVX2
  if (__builtin_cpu_supports("avx2")) tables[numTables++] = &avx2;
#endif
  for (usize t = 0; t < numTables; t++) {
    for (usize c = 0; c < numCases; c++) {
      f32* out = static_cast<f32*>(malloc(sizeof table));
      memcpy(out, initial, sizeof initial);
      expected[t][c] = {cases[c].run(*tables[t], out), out};
      if (!sameBits(out + cases[c].floats, initial + cases[c].floats, numFloats - cases[c].floats)) {
        fail(tables[t]->isa, cases[c].name, "wrote beyond its end");
      }
      if (t > 0 && !sameBits(out, expected[0][c].floats, numFloats))
        fail(tables[t]->isa, cases[c].name, "not baseline's");
    }
  }
  setSplitsAll(true);
  setNumThreads(3);
  pthread_t callers[numCallers];
  for (usize i = 0; i < numCallers; i++) {
    if (pthread_create(&callers[i], nullptr, callAtRandom, reinterpret_cast<void*>(i)) != 0) return 2;
  }
  for (pthread_t caller : callers) pthread_join(caller, nullptr);
  printf("%zu callers, %zu rounds of %zu kinds of calls on %zu instruction sets: %zu failures\n", numCallers, rounds,
         numCases, numTables, failures);
  return failures == 0 ? 0 : 1;
}
