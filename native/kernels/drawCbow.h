#pragma once

#include "drawTuples.h"

namespace nn {
namespace {

/** The next tuples of a text, for stepCbow. See Kernels::drawCbow. */
usize drawCbow(u32* state, const u32* tokens, usize numTokens, u32 lineEnd, const u32* keep, const u32* buckets,
               usize numEmbeddings, usize window, usize numNegatives, f64 firstLr, f64 tokensBehind, f64 tokensInAll,
               u32* inputs, usize maxInputs, u32* offsets, u32* outputs, f32* lr, usize maxTuples) {
  Drawing at = loadDrawing(state);
  u32* sentence = state + drawingWords;
  usize tuples = 0;
  u32 input = 0;
  offsets[0] = 0;
  while (tuples < maxTuples && input + 2 * window <= maxInputs &&
         findCenter(at, sentence, tokens, numTokens, lineEnd, keep, numEmbeddings)) {
    const usize center = at.center++;
    const Window around = drawWindow(at, center, window);
    if (around.end - around.from == 1) continue;  // a word alone
    for (usize i = around.from; i < around.end; i++) {
      if (i != center) inputs[input++] = sentence[i];
    }
    drawOutputs(at, buckets, numEmbeddings, sentence[center], numNegatives, outputs + tuples * (1 + numNegatives));
    lr[tuples] = sentenceRate(at, firstLr, tokensBehind, tokensInAll);
    offsets[++tuples] = input;
  }
  storeDrawing(state, at);
  return tuples;
}

}  // namespace
}  // namespace nn
