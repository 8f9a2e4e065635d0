#include "bodies.h"

namespace nn {

const Kernels neon = {"neon", gather, scatterAdd, matmulNN, matmulNT, matmulTN, stepSkipGram, stepCbow};

}  // namespace nn
