#include "bodies.h"

namespace nn {

const Kernels avx512 = {"avx512", gather, gatherSum, scatterAdd, gatherBags, scatterAddBags, scatterAddMaxBags,
                        dotBags, matmulNN, matmulNT, matmulTN};

}  // namespace nn
