#pragma once

#include "../lanes.h"

namespace nn {
namespace {

/** How many rows ahead of the one in hand a row is asked for: many when rows are short, so that enough of them are on
 * the way. */
NN_INLINE usize rowsAhead(usize embeddingDim) {
  if (embeddingDim <= 16) return 32;
  if (embeddingDim <= 64) return 16;
  return embeddingDim <= 256 ? 4 : 2;
}

/** Asks for a row's cache lines, the first 16 of them: the machine's own prefetcher follows longer rows by itself. */
template <bool toWrite>
NN_INLINE void prefetchRow(const f32* row, usize embeddingDim) {
  constexpr usize floatsInLine = 16;
  const usize asked = least(embeddingDim, 16 * floatsInLine);
  for (usize j = 0; j < asked; j += floatsInLine) __builtin_prefetch(row + j, toWrite);
  __builtin_prefetch(row + asked - 1, toWrite);  // rows may straddle one line more
}

}  // namespace
}  // namespace nn
