#include "bodies.h"

namespace nn {

const Kernels avx2 = {"avx2", gather, scatterAdd, matmulNN, matmulNT, matmulTN, sumExponentials, softmaxGradient};

}  // namespace nn
