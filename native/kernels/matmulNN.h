#pragma once

#include "blockedProduct.h"

namespace nn {
namespace {

/** out (m, n) = a (m, k) b (k, n), or out += with accumulate, in blocks of 256 k. See Kernels::matmulNN. */
void matmulNN(const f32* a, const f32* b, usize m, usize n, usize k, bool accumulate, f32* out) {
  blockedProduct(a, k, 1, b, m, n, k, accumulate, out);
}

}  // namespace
}  // namespace nn
