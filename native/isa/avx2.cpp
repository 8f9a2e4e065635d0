#include "bodies.h"

namespace nn {

const Kernels avx2 = {"avx2",   gather,  gatherSum,   scatterAdd,         matmulNN, matmulNT,
                      matmulTN, stepSGD, stepAdagrad, stepRowwiseAdagrad, stepAdam, stepSparseAdam};

}  // namespace nn
