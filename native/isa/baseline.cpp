#include "table.h"

namespace nn {

const Kernels baseline = {"baseline", gather, scatterAdd, gatherBags, scatterAddBags, scatterAddMaxBags,
                          dotBags, matmulNN, matmulNT, matmulTN};

}  // namespace nn
