import { drawOutputs, nextWindow, sentenceRate, windowEnd, windowFrom } from "./drawTuples";

/**
 * The next tuples of a text, for stepSkipGram.
 * See src/backend/word2vecKernels.ts for the promise, src/backend/js/drawSkipGram.ts for the specification.
 */
export function drawSkipGram(
  state: usize,
  tokens: usize,
  numTokens: u32,
  lineEnd: u32,
  keep: usize,
  buckets: usize,
  numEmbeddings: u32,
  window: u32,
  numNegatives: u32,
  firstLr: f64,
  tokensBehind: f64,
  tokensInAll: f64,
  inputs: usize,
  outputs: usize,
  lr: usize,
  maxTuples: u32,
): u32 {
  const width = ((1 + numNegatives) as usize) << 2;
  let tuples: u32 = 0;
  while (tuples + 2 * window <= maxTuples) {
    const center = nextWindow(state, tokens, numTokens, lineEnd, keep, numEmbeddings, window);
    if (center == 0) break;
    const rate = sentenceRate(state, firstLr, tokensBehind, tokensInAll);
    for (let at = windowFrom; at < windowEnd; at += 4) {
      if (at == center) continue;
      drawOutputs(state, buckets, numEmbeddings, load<u32>(at), numNegatives, outputs);
      store<u32>(inputs, load<u32>(center));
      store<f32>(lr, rate);
      inputs += 4;
      lr += 4;
      outputs += width;
      tuples++;
    }
  }
  return tuples;
}
