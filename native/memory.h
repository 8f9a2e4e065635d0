/** Memory for tables: zeroed, 64-byte aligned, in huge pages where it is big. Knows nothing of JavaScript. */
#pragma once

#include "kernels.h"

namespace nn {

/** A piece of memory. Whoever holds it gives it back once. */
struct Region {
  void* base;
  usize byteLength;
};

/** base is null when there is none to be had. byteLength is above 0. */
Region allocateRegion(usize byteLength);

void freeRegion(Region region);

}  // namespace nn
