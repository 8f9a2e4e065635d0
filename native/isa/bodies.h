/**
 * The tables, one for each instruction set, and the kernels that fill them. A file in isa/ includes this once, and the
 * flags it is compiled with (binding.gyp) make the difference.
 */
#pragma once

#include "../kernels/gather.h"
#include "../kernels/gatherSum.h"
#include "../kernels/matmulNN.h"
#include "../kernels/matmulNT.h"
#include "../kernels/matmulTN.h"
#include "../kernels/scatterAdd.h"
#include "../kernels/stepAdagrad.h"
#include "../kernels/stepAdam.h"
#include "../kernels/stepRowwiseAdagrad.h"
#include "../kernels/stepSGD.h"
#include "../kernels/stepSparseAdam.h"
#include "tables.h"
