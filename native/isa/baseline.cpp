#include "bodies.h"

namespace nn {

const Kernels baseline = tableOf("baseline");

}  // namespace nn
