#include "bodies.h"

namespace nn {

const Kernels baseline = {"baseline", gather,  gatherSum,   scatterAdd,         matmulNN, matmulNT,
                          matmulTN,   stepSGD, stepAdagrad, stepRowwiseAdagrad, stepAdam, stepSparseAdam};

}  // namespace nn
