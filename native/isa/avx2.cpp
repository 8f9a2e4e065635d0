#include "bodies.h"

namespace nn {

const Kernels avx2 = tableOf("avx2");

}  // namespace nn
