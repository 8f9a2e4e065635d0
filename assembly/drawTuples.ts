/** What the drawing of skip-gram's tuples and of the bag of words' share. See src/backend/word2vecKernels.ts, drawSkipGram. */
import { sfc32 } from "./sfc32";

const longestSentence: u32 = 1000;

/** Where in the state the words stand that `drawing` of src/backend/word2vecKernels.ts names, in bytes. */
const start: usize = 16;
const position: usize = 20;
const length: usize = 24;
const center: usize = 28;
export const sentence: usize = 32;

/** The learning rate falls to this part of where it began. */
const leastPart: f64 = 1e-4;

/** A negative that is the target is drawn again, so many times at most. */
const mostRedraws: u32 = 8;

/** The words of the window at work, the middle among them: addresses in the sentence. */
export let windowFrom: usize = 0;
export let windowEnd: usize = 0;

/**
 * The address of the next word to be the middle of a window, for which sentences are read until one has words; and its window. 0 when
 * none is left, or when the next sentence has a token that is out of range.
 */
export function nextWindow(
  state: usize,
  tokens: usize,
  numTokens: u32,
  lineEnd: u32,
  keep: usize,
  numEmbeddings: u32,
  window: u32,
): usize {
  while (load<u32>(state, center) == load<u32>(state, length))
    if (!readSentence(state, tokens, numTokens, lineEnd, keep, numEmbeddings)) return 0;
  const at = load<u32>(state, center);
  store<u32>(state, at + 1, center);
  const reach: u32 = (((sfc32(state) >> 16) * window) >> 16) + 1;
  const first = state + sentence;
  windowFrom = first + ((at < reach ? 0 : at - reach) << 2);
  windowEnd = first + (min(at + reach + 1, load<u32>(state, length)) << 2);
  return first + (at << 2);
}

/** False when there is none, or when it has a token that is out of range. */
function readSentence(
  state: usize,
  tokens: usize,
  numTokens: u32,
  lineEnd: u32,
  keep: usize,
  numEmbeddings: u32,
): bool {
  const from = load<u32>(state, position);
  if (from >= numTokens) return false;
  const most = from + min(numTokens - from, longestSentence);
  let end = from;
  for (; end < most; end++) {
    const token = load<u32>(tokens + ((end as usize) << 2));
    if (token == lineEnd) break;
    if (token >= numEmbeddings) return false;
  }
  const first = state + sentence;
  let to = first;
  for (let i = from; i < end; i++) {
    const token = load<u32>(tokens + ((i as usize) << 2));
    store<u32>(to, token);
    to += ((sfc32(state) >> 1 < load<u32>(keep + ((token as usize) << 2))) as usize) << 2;
  }
  store<u32>(state, from, start);
  store<u32>(state, end < most ? end + 1 : end, position); // behind the end of the line, if there is one
  store<u32>(state, ((to - first) >> 2) as u32, length);
  store<u32>(state, 0, center);
  return true;
}

/** Writes the target and its negatives at outputs. */
export function drawOutputs(
  state: usize,
  buckets: usize,
  numEmbeddings: u32,
  target: u32,
  numNegatives: u32,
  outputs: usize,
): void {
  store<u32>(outputs, target);
  for (const end = outputs + ((numNegatives as usize) << 2); outputs < end; ) {
    let pick: u32 = 0;
    for (let draws: u32 = 0; draws <= mostRedraws; draws++) {
      pick = alias(buckets, numEmbeddings, sfc32(state));
      if (pick != target) break;
    }
    outputs += 4;
    store<u32>(outputs, pick);
  }
}

/** The id that a word of 32 bits draws. Without a branch, which would be mispredicted every other time. */
function alias(buckets: usize, numEmbeddings: u32, word: u32): u32 {
  const product = (word as u64) * numEmbeddings;
  const bucket = (product >> 32) as u32;
  const at = buckets + ((bucket as usize) << 3);
  const other = load<u32>(at, 4);
  const own = ((((product as u32) >> 1) - load<u32>(at)) as i32) >> 31; // all ones where it is below; V8 would make a select a branch
  return other ^ ((other ^ bucket) & own);
}

/** The learning rate of the sentence at work. */
export function sentenceRate(state: usize, firstLr: f64, tokensBehind: f64, tokensInAll: f64): f32 {
  return (firstLr * max(leastPart, 1 - (tokensBehind + (load<u32>(state, start) as f64)) / tokensInAll)) as f32;
}
