#include "table.h"

namespace nn {

const Kernels avx2 = {"avx2", gather, scatterAdd, gatherBags, scatterAddBags, scatterAddMaxBags,
                      dotBags, matmulNN, matmulNT, matmulTN};

}  // namespace nn
