/** Where the matmul kernels pack their operands: memory of each thread that takes part, so kernels do not allocate.
 * Others of the same call may read what the caller packed. */
#pragma once

#include "kernels.h"

namespace nn {

/** Rows of a, packed: 640 KiB, so that with a panel of b it stays in a second-level cache of 1 MiB. */
constexpr usize scratchOfA = 160 * 1024;

/** Columns of b, packed: 1 MiB. */
constexpr usize scratchOfB = 256 * 1024;

/** What a kernel packed lives until it returns; no kernel calls another. */
struct Scratch {
  alignas(64) f32 a[scratchOfA];
  alignas(64) f32 b[scratchOfB];
};

/** One for each thread, made by the first call that asks. */
Scratch& scratch();

}  // namespace nn
