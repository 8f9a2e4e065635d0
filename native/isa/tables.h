/** The tables of the instruction sets: dispatch.cpp names those that exist on its architecture. */
#pragma once

#include "../kernels.h"

namespace nn {

extern const Kernels baseline;
extern const Kernels avx2;
extern const Kernels avx512;
extern const Kernels neon;

}  // namespace nn
