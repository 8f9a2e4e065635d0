/** The part of the contract that trains word2vec: see kernels.ts, which it is a part of. */

/** The most negatives, and the longest row, that {@link Word2VecKernels.stepSkipGram} and {@link Word2VecKernels.stepCbow} take: their working memory is fixed. */
export const maxNegatives = 63;
export const maxStepDim = 65536;

/** Words in a row that can see each other, and the widest window: a longer line is cut. word2vec.c cuts there too. */
export const longestSentence = 1000;

/**
 * The state of {@link Word2VecKernels.drawSkipGram} and {@link Word2VecKernels.drawCbow}, 8 + longestSentence words: four of sfc32 (`js/sfc32.ts`: a, b, c,
 * counter), then these, then what subsampling left of the sentence at work. All zeros but for the first four is a text's beginning.
 */
export const drawing = {
  /** Where in the tokens the sentence at work begins. */
  start: 4,
  /** Where the next one does. */
  position: 5,
  /** Words of the sentence. */
  length: 6,
  /** The next of them to be the middle of a window: `length` when it is done. */
  center: 7,
  sentence: 8,
} as const;

/** The steps of word2vec, and the drawing of the tuples they are made of. */
export interface Word2VecKernels {
  /**
   * Steps of skip-gram with negative sampling (Mikolov et al. 2013), in place, tuple after tuple: a batch cut anywhere gives the same bits.
   * Tuple t is in = inputs[t] of inputWeight, o_k = outputs[t, k] of outputWeight, k = 0 (the target) … numNegatives, and lr[t]. From the
   * tables as they are when it begins g_k = lr[t] * ((k = 0 ? 1 : 0) - sigmoid(in . o_k)), by `js/dot.ts` and `js/sigmoid.ts`. Then, for
   * each k in turn, grad += g_k * o_k (beginning as g_0 * o_0) and o_k += g_k * in: a row that comes twice was moved by the first. Then
   * in += grad. numNegatives <= {@link maxNegatives}, embeddingDim <= {@link maxStepDim}; each operation is rounded.
   * Returns the number of tuples done: fewer is the first tuple with an index that is out of range, and then nothing was written.
   */
  stepSkipGram(
    inputWeight: Float32Array,
    outputWeight: Float32Array,
    numEmbeddings: number,
    embeddingDim: number,
    inputs: Uint32Array,
    outputs: Uint32Array,
    numTuples: number,
    numNegatives: number,
    lr: Float32Array,
  ): number;

  /**
   * Steps of the continuous bag of words: as {@link Word2VecKernels.stepSkipGram}, but in is the mean of the rows inputs[offsets[t]] …
   * inputs[offsets[t + 1] - 1], added in this order from the first on and multiplied by 1 / count, and grad is added whole to each of
   * them in turn (as word2vec.c, gensim and fastText do; the gradient of a mean would be grad / count). offsets holds numTuples + 1
   * ascending positions up to numInputs; a tuple without inputs moves nothing.
   * Returns as {@link Word2VecKernels.stepSkipGram} does, an offset below the one before it or above numInputs being out of range too.
   */
  stepCbow(
    inputWeight: Float32Array,
    outputWeight: Float32Array,
    numEmbeddings: number,
    embeddingDim: number,
    inputs: Uint32Array,
    numInputs: number,
    offsets: Uint32Array,
    outputs: Uint32Array,
    numTuples: number,
    numNegatives: number,
    lr: Float32Array,
  ): number;

  /**
   * Draws the next tuples of a text, for {@link Word2VecKernels.stepSkipGram}, in integers but for the learning rate. `state` ({@link drawing})
   * says where in the text, and of sfc32, it is, and is moved on: cut anywhere, the tuples are the same.
   *
   * A sentence ends before `lineEnd`, before tokens[numTokens] or with {@link longestSentence} tokens; a token stays in it when the upper
   * 31 bits of a word of sfc32 are below keep[token]. Each of its words in turn is the middle of a window that reaches 1 … `window` words
   * to either side, by the upper half of the next word; each word in the window makes a tuple: inputs[t] the middle, outputs[t, 0] the
   * word. outputs[t, 1 … numNegatives] are drawn by the alias method: of (next word) x numEmbeddings the high half is the bucket, and the
   * upper 31 bits of the low half are below buckets[bucket, 0] where the bucket's own id is meant, else it is buckets[bucket, 1]; the
   * target is drawn again, 8 times at most. lr[t] = fround(firstLr * max(1e-4, 1 - (tokensBehind + start) / tokensInAll)), in doubles.
   *
   * keep is (numEmbeddings), buckets (numEmbeddings, 2), outputs (maxTuples, 1 + numNegatives); window is in [1, longestSentence].
   * Returns the number of tuples: it ends where less than a window's 2 x window fit (maxTuples is at least that) or before
   * tokens[numTokens]. A sentence with a token that is neither lineEnd nor in [0, numEmbeddings) is not begun: 0 while the position is
   * below numTokens tells of it.
   */
  drawSkipGram(
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
  ): number;

  /**
   * The same for {@link Word2VecKernels.stepCbow}: a window is a tuple, its middle the target and the words around it the inputs; a window of
   * nothing else is none, and draws no negatives. inputs holds maxInputs (at least 2 x window), offsets maxTuples + 1, of which the
   * first tuples + 1 are written.
   */
  drawCbow(
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
  ): number;
}
