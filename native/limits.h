/**
 * What the machine can do at best, for `nn-embedding bench --limit`: bare loops with the widest vectors, timed here, on
 * so many threads. No kernels: nothing is checked, no bit is promised, sums are fused.
 */
#pragma once

#include "kernels.h"

namespace nn {

/** "AVX-512", "AVX2 with FMA", "SSE2", "NEON": what the loops use here. */
const char* limitVectors();

/** Seconds that reading all floats takes, so many times over. */
double timeRead(const f32* from, usize count, usize numThreads, usize rounds);

/** Seconds that memcpy takes. */
double timeCopy(const f32* from, f32* to, usize count, usize numThreads, usize rounds);

/** Seconds that rows[i] of the table takes to come to out[i], all asked for ahead; with an out of null to a register.
 */
double timeRows(const f32* table, usize dim, const u32* rows, usize numRows, f32* out, usize numThreads, usize rounds);

/** Seconds that so many multiplications and as many additions take each thread, in registers. */
double timeMultiplyAdd(usize numPairs, usize numThreads);

}  // namespace nn
