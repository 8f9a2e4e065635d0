#include "bodies.h"

namespace nn {

const Kernels baseline = {"baseline", gather,      scatterAdd,         matmulNN, matmulNT,      matmulTN,
                          stepSGD,    stepAdagrad, stepRowwiseAdagrad, stepAdam, stepSparseAdam};

}  // namespace nn
