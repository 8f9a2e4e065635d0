#pragma once

#include "../lanes.h"

namespace nn {
namespace {

/** The position of the first index that is not in [0, numEmbeddings), or numIndices when all are inside. numEmbeddings
 * is at most maxRows: the door has seen to that. */
usize firstOutside(const u32* indices, usize numIndices, usize numEmbeddings) {
  const u32 limit = static_cast<u32>(numEmbeddings);
  usize i = 0;
  // Whole groups first, without a branch per index: compilers make vectors of the inner loop.
  for (constexpr usize group = 64; i + group <= numIndices; i += group) {
    u32 outside = 0;
    for (usize j = 0; j < group; j++) outside |= indices[i + j] >= limit;
    if (outside) break;
  }
  while (i < numIndices && indices[i] < limit) i++;
  return i;
}

}  // namespace
}  // namespace nn
