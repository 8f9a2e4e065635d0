import { drawing } from "../backend.js";
import { drawOutputs, drawReach, findCenter, sentenceRate } from "./drawTuples.js";

/** The specification of `drawSkipGram`: the next tuples of a text, for stepSkipGram. See {@link Kernels.drawSkipGram}. */
export function drawSkipGram(
  state: Uint32Array,
  tokens: Uint32Array,
  numTokens: number,
  lineEnd: number,
  keep: Uint32Array,
  buckets: Uint32Array,
  numEmbeddings: number,
  window: number,
  numNegatives: number,
  firstLr: number,
  tokensBehind: number,
  tokensInAll: number,
  inputs: Uint32Array,
  outputs: Uint32Array,
  lr: Float32Array,
  maxTuples: number,
): number {
  const width = 1 + numNegatives;
  let tuples = 0;
  while (tuples + 2 * window <= maxTuples && findCenter(state, tokens, numTokens, lineEnd, keep, numEmbeddings)) {
    const center = state[drawing.center]++;
    const reach = drawReach(state, window);
    const end = Math.min(center + reach, state[drawing.length] - 1);
    const rate = sentenceRate(state, firstLr, tokensBehind, tokensInAll);
    for (let i = Math.max(center - reach, 0); i <= end; i++) {
      if (i === center) continue;
      const target = state[drawing.sentence + i];
      drawOutputs(state, buckets, numEmbeddings, target, numNegatives, outputs, tuples * width);
      inputs[tuples] = state[drawing.sentence + center];
      lr[tuples++] = rate;
    }
  }
  return tuples;
}
