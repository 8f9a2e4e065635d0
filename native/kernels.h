/**
 * The kernels: their signatures, and what they promise. The words and the order of the parameters are those of
 * src/backend/kernels.ts; the bits are those of src/backend/js/, which is the specification (NaN payloads excepted).
 *
 * Pointers and counts in, a count out: no allocation, no exception, no state that outlives the call. Arrays are
 * row-major, need no more than the alignment of a float, and hold at least what the counts say: the door
 * (doors/) has seen to that. Arrays that are written do not overlap those that are read.
 *
 * A call may be shared by threads (threads.h). It returns when all is done, and its bits do not depend on them.
 *
 * One table per instruction set is filled by isa/<isa>.cpp; dispatch.cpp says which of them this CPU can run.
 */
#pragma once

namespace nn {

using f32 = float;
using f64 = double;
using u32 = __UINT32_TYPE__;
using usize = __SIZE_TYPE__;

/** "No padding row" for scatterAdd and the kernels of bags: no table has this many rows. */
constexpr u32 noPadding = 0xffffffff;

/** The most negatives, and the longest row, of a training step: its working memory is fixed. */
constexpr usize maxNegatives = 63;
constexpr usize maxStepDim = 65536;

/** Words that can see each other, and the widest window; what stands before them in the state of drawSkipGram and
 * drawCbow. */
constexpr usize longestSentence = 1000;
constexpr usize drawingWords = 8;

/** What gatherBags makes of the rows of a bag: `mode` is one of these. */
constexpr u32 bagSum = 0;
constexpr u32 bagMean = 1;
constexpr u32 bagMax = 2;

struct Kernels {
  const char* isa;

  /**
   * out[i, :] = weight[indices[i], :]. weight is (numEmbeddings, embeddingDim), out is (numIndices, embeddingDim).
   * Returns the number of indices done: fewer than numIndices is the position of the first index that is not in
   * [0, numEmbeddings), and then nothing was written.
   */
  usize (*gather)(const f32* weight, usize numEmbeddings, usize embeddingDim, const u32* indices, usize numIndices,
                  f32* out);

  /**
   * out[i, :] = weight[indices[i], :] + positionWeight[start + i mod sequenceLength, :], a single f32 add each.
   * positionWeight holds at least the start + sequenceLength rows that are named; sequenceLength >= 1. Returns as
   * gather does.
   */
  usize (*gatherSum)(const f32* weight, usize numEmbeddings, usize embeddingDim, const u32* indices, usize numIndices,
                     const f32* positionWeight, usize sequenceLength, usize start, f32* out);

  /**
   * gradWeight[indices[i], :] += gradOut[i, :] for i = 0, 1, ... in this order, each a single f32 add; indices equal to
   * paddingIdx are passed over. Returns as gather does, and a refused call has changed nothing.
   */
  usize (*scatterAdd)(f32* gradWeight, usize numEmbeddings, usize embeddingDim, const u32* indices, usize numIndices,
                      u32 paddingIdx, const f32* gradOut);

  // Bags. offsets (numBags + 1) ascends: bag b is indices[offsets[b]] ... indices[offsets[b + 1] - 1], and none is
  // beyond numIndices. Indices before the first offset and from the last on are in no bag. Indices equal to paddingIdx
  // count as not there. Counts are returned as gather does.

  /**
   * out[b, :] = the sum, the mean or the maximum of the rows of bag b; +0 for a bag of nothing. out is (numBags,
   * embeddingDim).
   * - bagSum: from +0 in the order of the indices, one f32 add a row; with sampleWeights (numIndices, or null) of
   *   f32(row * weight).
   * - bagMean: that sum, divided by the number of rows in the bag.
   * - bagMax: the first row, each element of which the same element of a later row replaces when it is greater.
   */
  usize (*gatherBags)(const f32* weight, usize numEmbeddings, usize embeddingDim, const u32* indices, usize numIndices,
                      const u32* offsets, usize numBags, u32 mode, u32 paddingIdx, const f32* sampleWeights, f32* out);

  /**
   * gradWeight[indices[i], :] += gradOut[b, :] for each bag b and its indices in order, each a single f32 add; with
   * scales (numIndices, or null) of f32(scales[i] * gradOut). gradOut is (numBags, embeddingDim).
   */
  usize (*scatterAddBags)(f32* gradWeight, usize numEmbeddings, usize embeddingDim, const u32* indices,
                          usize numIndices, const u32* offsets, usize numBags, u32 paddingIdx, const f32* scales,
                          const f32* gradOut);

  /**
   * gradWeight[places[i], j] += gradOut[b, j] for each bag b in order and each column j, where weight[indices[i], j] is
   * the maximum that bagMax takes. weight is (numEmbeddings, embeddingDim), gradWeight (numRows, embeddingDim), gradOut
   * (numBags, embeddingDim). The count ends as well before the first place that is not in [0, numRows).
   */
  usize (*scatterAddMaxBags)(f32* gradWeight, usize numRows, const f32* weight, usize numEmbeddings, usize embeddingDim,
                             const u32* indices, const u32* places, usize numIndices, const u32* offsets, usize numBags,
                             u32 paddingIdx, const f32* gradOut);

  /**
   * out[i] = the dot product (8 lanes) of gradOut[b, :] and weight[indices[i], :] for each index of each bag b; +0 for
   * padding and for indices in no bag. gradOut is (numBags, embeddingDim), out (numIndices).
   */
  usize (*dotBags)(const f32* weight, usize numEmbeddings, usize embeddingDim, const u32* indices, usize numIndices,
                   const u32* offsets, usize numBags, u32 paddingIdx, const f32* gradOut, f32* out);

  /**
   * out (m, n) = a (m, k) b (k, n), or out += with accumulate. Every 256 consecutive k are summed in order from +0;
   * then, from +0 or from out, the block sums are added in order.
   */
  void (*matmulNN)(const f32* a, const f32* b, usize m, usize n, usize k, bool accumulate, f32* out);

  /**
   * out (m, n) = a (m, k) b (n, k)^T, or out += with accumulate. Each dot product has 8 lanes, lane l summing p = l, l
   * + 8, ... from +0, folded as ((s0+s4) + (s2+s6)) + ((s1+s5) + (s3+s7)); with accumulate the finished dot product is
   * added to out.
   */
  void (*matmulNT)(const f32* a, const f32* b, usize m, usize n, usize k, bool accumulate, f32* out);

  /** out (m, n) = a (k, m)^T b (k, n), or out += with accumulate. Order of sums: as matmulNN. */
  void (*matmulTN)(const f32* a, const f32* b, usize m, usize n, usize k, bool accumulate, f32* out);

  /**
   * Takes one more chunk of each row's logits (numRows, numColumns) into its statistics (numRows, 3): the greatest
   * logit so far, the sum of exp(logit - greatest), the sum of logits. bias, numColumns floats or null, is added to
   * each row first. Exponentials (exponential.h) and logits are each summed in 8 lanes of doubles, folded as a dot
   * product's, and join the sums rounded once; -Infinity as greatest counts as 0.
   */
  void (*sumExponentials)(f32* statistics, const f32* logits, usize numRows, usize numColumns, const f32* bias);

  /**
   * logits become exp(logit - greatest) * factor - share in place, in doubles from the difference on and rounded once;
   * coefficients (numRows, 3) has each row's greatest, factor and share, and bias is as in sumExponentials.
   */
  void (*softmaxGradient)(f32* logits, usize numRows, usize numColumns, const f32* bias, const f32* coefficients);

  /**
   * Takes one more chunk of each row's logits (numRows, numColumns), with bias as in sumExponentials, into its k
   * greatest: values and places (numRows, k), the latter the columns, of which this chunk's are first, first + 1, ...
   * The first k stand as they come; then they are a heap with the least on top, and after the last chunk in order, the
   * greatest first; of equals the one met first. NaN counts as greater than everything.
   */
  void (*keepGreatest)(f32* values, u32* places, usize k, usize first, bool isLast, const f32* logits, usize numRows,
                       usize numColumns, const f32* bias);

  /**
   * One step of stochastic gradient descent: g = grad + weightDecay * w; with a momentum buffer b = momentum * b +
   * undamped * g and g = b, or with nesterov g = g + momentum * b; w = w - lr * g. momentumBuffer may be null.
   *
   * This and the other steps write in place. Row r of grad (numRows, embeddingDim) belongs to row rows[r] of the
   * tables; rows are each there once; null stands for row 0, 1, 2, ... Each operation is rounded, from left to right
   * where nothing binds tighter; with a weightDecay of 0 nothing is added to grad. Returns the number of rows done:
   * fewer than numRows is the position of the first that is not in [0, numEmbeddings), and then nothing was written.
   */
  usize (*stepSGD)(f32* weight, f32* momentumBuffer, usize numEmbeddings, usize embeddingDim, const u32* rows,
                   usize numRows, const f32* grad, f32 lr, f32 momentum, f32 undamped, bool nesterov, f32 weightDecay);

  /** Adagrad: g = grad + weightDecay * w; s = s + g * g; w = w - (lr * g) / (sqrt(s) + eps). */
  usize (*stepAdagrad)(f32* weight, f32* sum, usize numEmbeddings, usize embeddingDim, const u32* rows, usize numRows,
                       const f32* grad, f32 lr, f32 eps, f32 weightDecay);

  /**
   * Adagrad with one scalar a row: s = s + (the 8-lane dot product of g and g) / embeddingDim; rate = lr / (sqrt(s) +
   * eps); w = keep * w - rate * grad. g is grad + weightDecay * w and keep is 1 - rate * weightDecay; with decoupled, g
   * is grad and keep is 1 - lr * weightDecay. sum is (numEmbeddings).
   */
  usize (*stepRowwiseAdagrad)(f32* weight, f32* sum, usize numEmbeddings, usize embeddingDim, const u32* rows,
                              usize numRows, const f32* grad, f32 lr, f32 eps, f32 weightDecay, bool decoupled);

  /**
   * Adam or AdamW: w = keep * w; g = grad + weightDecay * w; m = beta1 * m + gain1 * g; v = beta2 * v + (gain2 * g) *
   * g; w = w - (stepSize * m) / (sqrt(v) / rootCorrection + eps).
   */
  usize (*stepAdam)(f32* weight, f32* expAvg, f32* expAvgSq, usize numEmbeddings, usize embeddingDim, const u32* rows,
                    usize numRows, const f32* grad, f32 stepSize, f32 beta1, f32 gain1, f32 beta2, f32 gain2,
                    f32 rootCorrection, f32 eps, f32 weightDecay, f32 keep);

  /**
   * Adam as torch.optim.SparseAdam writes it: m = m + (grad - m) * gain1; v = v + (grad * grad - v) * gain2;
   * w = w - stepSize * (m / (sqrt(v) + eps)).
   */
  usize (*stepSparseAdam)(f32* weight, f32* expAvg, f32* expAvgSq, usize numEmbeddings, usize embeddingDim,
                          const u32* rows, usize numRows, const f32* grad, f32 stepSize, f32 gain1, f32 gain2, f32 eps);

  /**
   * Steps of skip-gram with negative sampling, in place, tuple after tuple. Tuple t is in = inputs[t] of inputWeight,
   * o_k = outputs[t, k] of outputWeight, k = 0 (the target) to numNegatives, and lr[t]. From the tables as they are
   * when the tuple begins g_k = lr * ((k = 0 ? 1 : 0) - sigmoid(in . o_k)); then grad = g_0 * o_0 + g_1 * o_1 + ... and
   * o_k += g_k * in, for each k in turn; then in += grad. Dot products have 8 lanes, the sigmoid is that of sigmoid.h.
   * numNegatives is at most maxNegatives, embeddingDim at most maxStepDim. Returns the number of tuples done: fewer is
   * the first tuple with an index out of range, and then nothing was written.
   */
  usize (*stepSkipGram)(f32* inputWeight, f32* outputWeight, usize numEmbeddings, usize embeddingDim, const u32* inputs,
                        const u32* outputs, usize numTuples, usize numNegatives, const f32* lr);

  /**
   * As stepSkipGram, but in is the mean of the rows inputs[offsets[t]] ... inputs[offsets[t + 1] - 1], added in order
   * from the first on and multiplied by 1 / count, and grad is added whole to each of them in turn. A tuple without
   * inputs moves nothing. An offset below the one before it or above numInputs is out of range too.
   */
  usize (*stepCbow)(f32* inputWeight, f32* outputWeight, usize numEmbeddings, usize embeddingDim, const u32* inputs,
                    usize numInputs, const u32* offsets, const u32* outputs, usize numTuples, usize numNegatives,
                    const f32* lr);

  /**
   * Draws the next tuples of a text for stepSkipGram; `state`, of drawingWords + longestSentence words, says where it
   * is and is moved on. src/backend/word2vecKernels.ts says what is drawn, and of what. keep is (numEmbeddings),
   * buckets (numEmbeddings, 2), outputs (maxTuples, 1 + numNegatives); window is in [1, longestSentence]. Returns the
   * number of tuples; a sentence with a token out of range is not begun. The door has seen to it that the state's
   * center is not beyond its length, nor that beyond longestSentence.
   */
  usize (*drawSkipGram)(u32* state, const u32* tokens, usize numTokens, u32 lineEnd, const u32* keep,
                        const u32* buckets, usize numEmbeddings, usize window, usize numNegatives, f64 firstLr,
                        f64 tokensBehind, f64 tokensInAll, u32* inputs, u32* outputs, f32* lr, usize maxTuples);

  /** The same for stepCbow. inputs holds maxInputs, offsets maxTuples + 1. */
  usize (*drawCbow)(u32* state, const u32* tokens, usize numTokens, u32 lineEnd, const u32* keep, const u32* buckets,
                    usize numEmbeddings, usize window, usize numNegatives, f64 firstLr, f64 tokensBehind,
                    f64 tokensInAll, u32* inputs, usize maxInputs, u32* offsets, u32* outputs, f32* lr,
                    usize maxTuples);
};

}  // namespace nn
