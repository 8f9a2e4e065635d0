#include "bodies.h"

namespace nn {

const Kernels baseline = {"baseline", gather, gatherSum, scatterAdd, gatherBags, scatterAddBags, scatterAddMaxBags,
                          dotBags, matmulNN, matmulNT, matmulTN};

}  // namespace nn
