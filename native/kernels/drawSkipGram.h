#pragma once

#include "drawTuples.h"

namespace nn {
namespace {

/** The next tuples of a text, for stepSkipGram. See Kernels::drawSkipGram. */
usize drawSkipGram(u32* state, const u32* tokens, usize numTokens, u32 lineEnd, const u32* keep, const u32* buckets,
                   usize numEmbeddings, usize window, usize numNegatives, f64 firstLr, f64 tokensBehind,
                   f64 tokensInAll, u32* inputs, u32* outputs, f32* lr, usize maxTuples) {
  Drawing at = loadDrawing(state);
  u32* sentence = state + drawingWords;
  usize tuples = 0;
  while (tuples + 2 * window <= maxTuples &&
         findCenter(at, sentence, tokens, numTokens, lineEnd, keep, numEmbeddings)) {
    const usize center = at.center++;
    const Window around = drawWindow(at, center, window);
    const f32 rate = sentenceRate(at, firstLr, tokensBehind, tokensInAll);
    for (usize i = around.from; i < around.end; i++) {
      if (i == center) continue;
      drawOutputs(at, buckets, numEmbeddings, sentence[i], numNegatives, outputs + tuples * (1 + numNegatives));
      inputs[tuples] = sentence[center];
      lr[tuples++] = rate;
    }
  }
  storeDrawing(state, at);
  return tuples;
}

}  // namespace
}  // namespace nn
