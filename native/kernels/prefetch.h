#pragma once

#include "../lanes.h"

namespace nn {
namespace {

/** How far ahead of the work memory is asked for, in floats: far enough to hide its latency, near enough to still be
 * there. */
constexpr usize floatsAhead = 2048;

/** The same in rows: many when they are short, for each of them is a journey of its own. embeddingDim is above 0. */
NN_INLINE usize rowsAhead(usize embeddingDim) {
  const usize rows = floatsAhead / embeddingDim;
  return rows < 2 ? 2 : least(rows, 64);
}

/** Asks for a row's cache lines, the first 16 of them: the machine's own prefetcher follows longer rows by itself. */
template <bool toWrite>
NN_INLINE void prefetchRow(const f32* row, usize embeddingDim) {
  constexpr usize floatsInLine = 16;
  const usize asked = least(embeddingDim, 16 * floatsInLine);
  for (usize j = 0; j < asked; j += floatsInLine) __builtin_prefetch(row + j, toWrite);
  __builtin_prefetch(row + asked - 1, toWrite);  // rows may straddle one line more
}

/** Memory that will be wanted soon: asked for `step` floats per step, in the order of its addresses, into the
 * second-level cache. */
struct Ahead {
  const f32* at;
  usize step;
};

}  // namespace
}  // namespace nn
