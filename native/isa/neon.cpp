#include "bodies.h"

namespace nn {

const Kernels neon = {"neon",   gather,  gatherSum,   scatterAdd,         matmulNN, matmulNT,
                      matmulTN, stepSGD, stepAdagrad, stepRowwiseAdagrad, stepAdam, stepSparseAdam};

}  // namespace nn
