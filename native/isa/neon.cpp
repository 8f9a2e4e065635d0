#include "bodies.h"

namespace nn {

const Kernels neon = {"neon", gather, gatherSum, scatterAdd, matmulNN, matmulNT, matmulTN};

}  // namespace nn
