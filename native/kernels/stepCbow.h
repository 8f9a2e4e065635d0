#pragma once

#include "../scratch.h"
#include "firstOutside.h"
#include "scatterAdd.h"
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

NN_INLINE void scaleRow(f32* row, f32 factor, usize embeddingDim) {
  const Wide each = broadcast(factor);
  usize j = 0;
  for (; j + wideLanes <= embeddingDim; j += wideLanes) store(row + j, load<Wide>(row + j) * each);
  for (; j < embeddingDim; j++) row[j] *= factor;
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
    copyFloats(mean, inputWeight + inputs[from] * embeddingDim, embeddingDim);
    for (usize i = from + 1; i < end; i++) addRow(mean, inputWeight + inputs[i] * embeddingDim, embeddingDim);
    scaleRow(mean, 1.0f / static_cast<f32>(end - from), embeddingDim);
    stepOutputs(mean, outputWeight, embeddingDim, outputs, numNegatives, lr[t], grad);
    for (usize i = from; i < end; i++) addRow(inputWeight + inputs[i] * embeddingDim, grad, embeddingDim);
  }
  return numTuples;
}

}  // namespace
}  // namespace nn
