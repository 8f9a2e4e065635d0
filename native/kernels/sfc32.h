#pragma once

#include "../lanes.h"

namespace nn {
namespace {

/** A fast stream of random integers: src/backend/js/sfc32.ts says which. */
struct Sfc32 {
  u32 a, b, c, counter;

  NN_INLINE u32 next() {
    const u32 word = a + b + counter;
    a = b ^ b >> 9;
    b = c + (c << 3);
    c = (c << 21 | c >> 11) + word;
    counter++;
    return word;
  }
};

}  // namespace
}  // namespace nn
