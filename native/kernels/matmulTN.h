#pragma once

#include "blockedProduct.h"

namespace nn {
namespace {

/** out (m, n) = a (k, m)^T b (k, n), or out += with accumulate, in blocks of 256 k. See Kernels::matmulTN. */
void matmulTN(const f32* a, const f32* b, usize m, usize n, usize k, bool accumulate, f32* out) {
  blockedProduct(a, 1, m, b, m, n, k, accumulate, out);
}

}  // namespace
}  // namespace nn
