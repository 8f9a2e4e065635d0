#include "bodies.h"

namespace nn {

const Kernels neon = {"neon", gather, scatterAdd, matmulNN, matmulNT, matmulTN, sumExponentials, softmaxGradient};

}  // namespace nn
