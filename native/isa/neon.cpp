#include "bodies.h"

namespace nn {

const Kernels neon = {"neon", gather, gatherSum, scatterAdd, gatherBags, scatterAddBags, scatterAddMaxBags,
                      dotBags, matmulNN, matmulNT, matmulTN};

}  // namespace nn
