#include "bodies.h"

namespace nn {

const Kernels baseline = {"baseline", gather, scatterAdd, matmulNN, matmulNT, matmulTN, stepSkipGram, stepCbow};

}  // namespace nn
