#include "bodies.h"

namespace nn {

const Kernels baseline = {"baseline", gather, gatherSum, scatterAdd, matmulNN, matmulNT, matmulTN};

}  // namespace nn
