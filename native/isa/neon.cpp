#include "bodies.h"

namespace nn {

const Kernels neon = tableOf("neon");

}  // namespace nn
