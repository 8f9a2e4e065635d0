#include "bodies.h"

namespace nn {

const Kernels avx512 = tableOf("avx512");

}  // namespace nn
