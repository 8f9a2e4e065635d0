/** What the drawing of skip-gram's tuples and of the bag of words' share. See {@link Kernels.drawSkipGram}. */
import { drawing, longestSentence } from "../backend.js";
import { sfc32 } from "./sfc32.js";

const f = Math.fround;

/** The learning rate falls to this part of where it began. */
const leastPart = 1e-4;

/** A negative that is the target is drawn again, so many times at most: some vocabularies have little else. */
const mostRedraws = 8;

/**
 * Sees to it that a word of the sentence is left to be the middle of a window: reads sentences until one has words. False when none is
 * left, or when the next one has a token that is out of range.
 */
export function findCenter(
  state: Uint32Array,
  tokens: Uint32Array,
  numTokens: number,
  lineEnd: number,
  keep: Uint32Array,
  numEmbeddings: number,
): boolean {
  while (state[drawing.center] === state[drawing.length]) {
    const start = state[drawing.position];
    if (start >= numTokens) return false;
    const most = Math.min(numTokens, start + longestSentence);
    let end = start;
    for (; end < most && tokens[end] !== lineEnd; end++) if (tokens[end] >= numEmbeddings) return false;
    let length = 0;
    for (let i = start; i < end; i++) {
      state[drawing.sentence + length] = tokens[i];
      if (sfc32(state) >>> 1 < keep[tokens[i]]) length++;
    }
    state[drawing.start] = start;
    state[drawing.position] = end < most ? end + 1 : end; // behind the end of the line, where the sentence has one
    state[drawing.length] = length;
    state[drawing.center] = 0;
  }
  return true;
}

/** How far the window reaches to either side: 1 … window, evenly. */
export function drawReach(state: Uint32Array, window: number): number {
  return 1 + (((sfc32(state) >>> 16) * window) >>> 16);
}

/** Writes the target and its negatives at outputs[at] and behind. */
export function drawOutputs(
  state: Uint32Array,
  buckets: Uint32Array,
  numEmbeddings: number,
  target: number,
  numNegatives: number,
  outputs: Uint32Array,
  at: number,
): void {
  outputs[at] = target;
  for (const end = at + numNegatives; at < end; ) {
    let pick = 0;
    for (let draws = 0; draws <= mostRedraws; draws++) {
      pick = alias(buckets, numEmbeddings, sfc32(state));
      if (pick !== target) break;
    }
    outputs[++at] = pick;
  }
}

/** The id that a word of 32 bits draws. Without a branch, which would be mispredicted every other time. */
function alias(buckets: Uint32Array, numEmbeddings: number, word: number): number {
  // word x numEmbeddings: the high half is the bucket, the low half where in the bucket. The product in doubles may be rounded; less
  // its low half it is nearer to the high half than to any other integer.
  const low = Math.imul(word, numEmbeddings) >>> 0;
  const bucket = (((word >>> 0) * numEmbeddings - low) * 2 ** -32 + 0.5) | 0;
  const other = buckets[2 * bucket + 1];
  const own = ((low >>> 1) - buckets[2 * bucket]) >> 31; // all ones where it is below
  return other ^ ((other ^ bucket) & own);
}

/** The learning rate of the sentence at work. */
export function sentenceRate(state: Uint32Array, firstLr: number, tokensBehind: number, tokensInAll: number): number {
  const done = (tokensBehind + state[drawing.start]) / tokensInAll;
  return f(firstLr * Math.max(leastPart, 1 - done));
}
