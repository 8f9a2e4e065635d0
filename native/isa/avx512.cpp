#include "bodies.h"

namespace nn {

const Kernels avx512 = {"avx512", gather,  gatherSum,   scatterAdd,         matmulNN, matmulNT,
                        matmulTN, stepSGD, stepAdagrad, stepRowwiseAdagrad, stepAdam, stepSparseAdam};

}  // namespace nn
