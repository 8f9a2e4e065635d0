import { drawOutputs, nextWindow, sentenceRate, windowEnd, windowFrom } from "./drawTuples";

/**
 * The next tuples of a text, for stepCbow.
 * See src/backend/word2vecKernels.ts for the promise, src/backend/js/drawCbow.ts for the specification.
 */
export function drawCbow(
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
  maxInputs: u32,
  offsets: usize,
  outputs: usize,
  lr: usize,
  maxTuples: u32,
): u32 {
  const width = ((1 + numNegatives) as usize) << 2;
  let tuples: u32 = 0;
  let input: u32 = 0;
  store<u32>(offsets, 0);
  while (tuples < maxTuples && input + 2 * window <= maxInputs) {
    const center = nextWindow(state, tokens, numTokens, lineEnd, keep, numEmbeddings, window);
    if (center == 0) break;
    if (windowEnd - windowFrom == 4) continue; // a word alone
    for (let at = windowFrom; at < windowEnd; at += 4)
      if (at != center) store<u32>(inputs + ((input++ as usize) << 2), load<u32>(at));
    drawOutputs(state, buckets, numEmbeddings, load<u32>(center), numNegatives, outputs);
    store<f32>(lr, sentenceRate(state, firstLr, tokensBehind, tokensInAll));
    lr += 4;
    offsets += 4;
    store<u32>(offsets, input);
    outputs += width;
    tuples++;
  }
  return tuples;
}
