#pragma once

#include "../scratch.h"
#include "firstOutside.h"
#include "stepOutputs.h"

namespace nn {
namespace {

/** word2vec's skip-gram with negative sampling, in place, tuple after tuple. See Kernels::stepSkipGram. */
usize stepSkipGram(f32* inputWeight, f32* outputWeight, usize numEmbeddings, usize embeddingDim, const u32* inputs,
                   const u32* outputs, usize numTuples, usize numNegatives, const f32* lr) {
  const usize width = 1 + numNegatives;
  const usize done = least(firstOutside(inputs, numTuples, numEmbeddings),
                           firstOutside(outputs, numTuples * width, numEmbeddings) / width);
  if (done < numTuples || embeddingDim == 0) return done;
  f32* grad = scratch().a;
  for (usize t = 0; t < numTuples; t++, outputs += width) {
    if (t + tuplesAhead < numTuples) {
      prefetchRows(inputWeight, embeddingDim, inputs + t + tuplesAhead, 1);
      prefetchRows(outputWeight, embeddingDim, outputs + tuplesAhead * width, width);
    }
    const f32* in = inputWeight + inputs[t] * embeddingDim;
    stepOutputs(in, outputWeight, embeddingDim, outputs, numNegatives, lr[t], grad, {inputWeight, inputs + t, 1});
  }
  return numTuples;
}

}  // namespace
}  // namespace nn
