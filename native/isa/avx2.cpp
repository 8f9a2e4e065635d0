#include "bodies.h"

namespace nn {

const Kernels avx2 = {"avx2", gather, gatherSum, scatterAdd, gatherBags, scatterAddBags, scatterAddMaxBags,
                      dotBags, matmulNN, matmulNT, matmulTN};

}  // namespace nn
