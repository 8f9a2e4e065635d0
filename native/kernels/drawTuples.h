#pragma once

#include "sfc32.h"

namespace nn {
namespace {

typedef __UINT64_TYPE__ u64;

/** The learning rate falls to this part of where it began. */
constexpr f64 leastPart = 1e-4;

/** A negative that is the target is drawn again, so many times at most. */
constexpr usize mostRedraws = 8;

/** The words of the state in front of the sentence, in registers while a kernel draws: see `drawing` of
 * src/backend/word2vecKernels.ts. */
struct Drawing {
  Sfc32 draws;
  u32 start, position, length, center;
};
static_assert(sizeof(Drawing) == drawingWords * sizeof(u32));

NN_INLINE Drawing loadDrawing(const u32* state) {
  Drawing drawing;
  __builtin_memcpy(&drawing, state, sizeof drawing);
  return drawing;
}

NN_INLINE void storeDrawing(u32* state, const Drawing& drawing) {
  __builtin_memcpy(state, &drawing, sizeof drawing);
}

/** Sees to it that a word of the sentence is left to be the middle of a window: reads sentences until one has words.
 * False when none is left, or when the next one has a token that is out of range. */
NN_INLINE bool findCenter(Drawing& at, u32* sentence, const u32* tokens, usize numTokens, u32 lineEnd, const u32* keep,
                          usize numEmbeddings) {
  while (at.center == at.length) {
    const usize start = at.position;
    if (start >= numTokens) return false;
    const usize most = least(numTokens, start + longestSentence);
    usize end = start;
    for (; end < most && tokens[end] != lineEnd; end++) {
      if (tokens[end] >= numEmbeddings) return false;
    }
    u32 length = 0;
    for (usize i = start; i < end; i++) {
      sentence[length] = tokens[i];
      length += at.draws.next() >> 1 < keep[tokens[i]];
    }
    at.start = at.position;
    at.position = static_cast<u32>(end < most ? end + 1 : end);  // behind the end of the line, if there is one
    at.length = length;
    at.center = 0;
  }
  return true;
}

/** The words of a window, center among them: [from, end). */
struct Window {
  usize from, end;
};

/** It reaches 1 to `window` words to either side, evenly. */
NN_INLINE Window drawWindow(Drawing& at, usize center, usize window) {
  const usize reach = 1 + ((at.draws.next() >> 16) * static_cast<u32>(window) >> 16);
  return {center < reach ? 0 : center - reach, least(center + reach + 1, at.length)};
}

/** The id that a word of 32 bits draws. Without a branch, which would be mispredicted every other time. */
NN_INLINE u32 alias(const u32* buckets, usize numEmbeddings, u32 word) {
  const u64 product = u64{word} * numEmbeddings;
  const u32 bucket = static_cast<u32>(product >> 32);
  const u32 other = buckets[2 * usize{bucket} + 1];
  const u32 own = 0u - (static_cast<u32>(product) >> 1 < buckets[2 * usize{bucket}]);  // all ones where it is below
  return other ^ ((other ^ bucket) & own);
}

/** Writes the target and its negatives at outputs. */
NN_INLINE void drawOutputs(Drawing& at, const u32* buckets, usize numEmbeddings, u32 target, usize numNegatives,
                           u32* outputs) {
  outputs[0] = target;
  for (usize k = 1; k <= numNegatives; k++) {
    u32 pick = alias(buckets, numEmbeddings, at.draws.next());
    for (usize again = 0; pick == target && again < mostRedraws; again++)
      pick = alias(buckets, numEmbeddings, at.draws.next());
    outputs[k] = pick;
  }
}

/** The learning rate of the sentence at work. */
NN_INLINE f32 sentenceRate(const Drawing& at, f64 firstLr, f64 tokensBehind, f64 tokensInAll) {
  const f64 left = 1 - (tokensBehind + at.start) / tokensInAll;
  return static_cast<f32>(firstLr * (left > leastPart ? left : leastPart));
}

}  // namespace
}  // namespace nn
