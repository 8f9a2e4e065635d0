#pragma once

#include "../scratch.h"
#include "firstOutside.h"
#include "stepOutputs.h"

namespace nn {
namespace {

/** The first tuple whose offsets or inputs are out of range, or numTuples when none is. */
usize firstBagOutside(const u32* inputs, usize numInputs, const u32* offsets, usize numTuples, usize numEmbeddings) {
  for (usize t = 0; t < numTuples; t++) {
    const usize from = offsets[t], end = offsets[t + 1];
    if (from > end || end > numInputs) return t;
    for (usize i = from; i < end; i++) {
      if (inputs[i] >= numEmbeddings) return t;
    }
  }
  return numTuples;
}

/** One column, or a vector of them: mean = the sum of the inputs, in order, times share. */
template <typename Vector>
NN_INLINE void meanColumns(const InputRows& inputs, usize embeddingDim, f32 share, f32* mean, usize j) {
  const auto column = [&](usize i) { return load<Vector>(inputs.weight + inputs.rows[i] * embeddingDim + j); };
  Vector sum = column(0);
  for (usize i = 1; i < inputs.count; i++) sum = sum + column(i);
  store(mean + j, sum * share);
}

NN_INLINE void meanRow(const InputRows& inputs, usize embeddingDim, f32* mean) {
  const f32 share = 1.0f / static_cast<f32>(inputs.count);
  usize j = 0;
  for (; j + wideLanes <= embeddingDim; j += wideLanes) meanColumns<Wide>(inputs, embeddingDim, share, mean, j);
  for (; j + 4 <= embeddingDim; j += 4) meanColumns<f32x4>(inputs, embeddingDim, share, mean, j);
  for (; j < embeddingDim; j++) meanColumns<f32>(inputs, embeddingDim, share, mean, j);
}

/** word2vec's continuous bag of words, in place, tuple after tuple. See Kernels::stepCbow. */
usize stepCbow(f32* inputWeight, f32* outputWeight, usize numEmbeddings, usize embeddingDim, const u32* inputs,
               usize numInputs, const u32* offsets, const u32* outputs, usize numTuples, usize numNegatives,
               const f32* lr) {
  const usize width = 1 + numNegatives;
  const usize done = least(firstBagOutside(inputs, numInputs, offsets, numTuples, numEmbeddings),
                           firstOutside(outputs, numTuples * width, numEmbeddings) / width);
  if (done < numTuples || embeddingDim == 0) return done;
  f32* grad = scratch().a;
  f32* mean = scratch().b;
  for (usize t = 0; t < numTuples; t++, outputs += width) {
    if (t + tuplesAhead < numTuples) {
      const u32 ahead = offsets[t + tuplesAhead];
      prefetchRows(inputWeight, embeddingDim, inputs + ahead, offsets[t + tuplesAhead + 1] - ahead);
      prefetchRows(outputWeight, embeddingDim, outputs + tuplesAhead * width, width);
    }
    const u32 from = offsets[t], end = offsets[t + 1];
    if (from == end) continue;
    const InputRows bag = {inputWeight, inputs + from, end - from};
    meanRow(bag, embeddingDim, mean);
    stepOutputs(mean, outputWeight, embeddingDim, outputs, numNegatives, lr[t], grad, bag);
  }
  return numTuples;
}

}  // namespace
}  // namespace nn
