import { drawing } from "../backend.js";
import { drawOutputs, drawReach, findCenter, sentenceRate } from "./drawTuples.js";

/** The specification of `drawCbow`: the next tuples of a text, for stepCbow. See {@link Kernels.drawCbow}. */
export function drawCbow(
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
  maxInputs: number,
  offsets: Uint32Array,
  outputs: Uint32Array,
  lr: Float32Array,
  maxTuples: number,
): number {
  const width = 1 + numNegatives;
  let tuples = 0;
  let input = 0;
  offsets[0] = 0;
  while (
    tuples < maxTuples &&
    input + 2 * window <= maxInputs &&
    findCenter(state, tokens, numTokens, lineEnd, keep, numEmbeddings)
  ) {
    const center = state[drawing.center]++;
    const reach = drawReach(state, window);
    const end = Math.min(center + reach, state[drawing.length] - 1);
    for (let i = Math.max(center - reach, 0); i <= end; i++) {
      if (i !== center) inputs[input++] = state[drawing.sentence + i];
    }
    if (input === offsets[tuples]) continue; // a word alone
    const target = state[drawing.sentence + center];
    drawOutputs(state, buckets, numEmbeddings, target, numNegatives, outputs, tuples * width);
    lr[tuples] = sentenceRate(state, firstLr, tokensBehind, tokensInAll);
    offsets[++tuples] = input;
  }
  return tuples;
}
