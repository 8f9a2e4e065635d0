/**
 * The tables, one for each instruction set, and the kernels that fill them. A file in isa/ includes this once, and the
 * flags it is compiled with (binding.gyp) make the difference.
 */
#pragma once

#include "../kernels/dotBags.h"
#include "../kernels/drawCbow.h"
#include "../kernels/drawSkipGram.h"
#include "../kernels/gather.h"
#include "../kernels/gatherBags.h"
#include "../kernels/gatherSum.h"
#include "../kernels/keepGreatest.h"
#include "../kernels/matmulNN.h"
#include "../kernels/matmulNT.h"
#include "../kernels/matmulTN.h"
#include "../kernels/scatterAdd.h"
#include "../kernels/scatterAddBags.h"
#include "../kernels/scatterAddMaxBags.h"
#include "../kernels/softmaxGradient.h"
#include "../kernels/stepAdagrad.h"
#include "../kernels/stepAdam.h"
#include "../kernels/stepCbow.h"
#include "../kernels/stepRowwiseAdagrad.h"
#include "../kernels/stepSGD.h"
#include "../kernels/stepSkipGram.h"
#include "../kernels/stepSparseAdam.h"
#include "../kernels/sumExponentials.h"
#include "tables.h"

namespace nn {
namespace {

/** The table of an instruction set, filled with the bodies as this file compiles them. */
constexpr Kernels tableOf(const char* isa) {
  return {
      .isa = isa,
      .gather = gather,
      .gatherSum = gatherSum,
      .scatterAdd = scatterAdd,
      .gatherBags = gatherBags,
      .scatterAddBags = scatterAddBags,
      .scatterAddMaxBags = scatterAddMaxBags,
      .dotBags = dotBags,
      .matmulNN = matmulNN,
      .matmulNT = matmulNT,
      .matmulTN = matmulTN,
      .sumExponentials = sumExponentials,
      .softmaxGradient = softmaxGradient,
      .keepGreatest = keepGreatest,
      .stepSGD = stepSGD,
      .stepAdagrad = stepAdagrad,
      .stepRowwiseAdagrad = stepRowwiseAdagrad,
      .stepAdam = stepAdam,
      .stepSparseAdam = stepSparseAdam,
      .stepSkipGram = stepSkipGram,
      .stepCbow = stepCbow,
      .drawSkipGram = drawSkipGram,
      .drawCbow = drawCbow,
  };
}

}  // namespace
}  // namespace nn
