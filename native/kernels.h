/**
 * The kernels: their signatures, and what they promise. The words and the order of the parameters are those of
 * src/backend/backend.ts; the bits are those of src/backend/js/, which is the specification (NaN payloads excepted).
 *
 * Pointers and counts in, a count out: no allocation, no exception, no state that outlives the call. Arrays are
 * row-major, need no more than the alignment of a float, and hold at least what the counts say: the door (addon.cpp)
 * has seen to that. Arrays that are written do not overlap those that are read.
 *
 * One table per instruction set is filled by isa/<isa>.cpp; dispatch.cpp says which of them this CPU can run.
 */
#pragma once

namespace nn {

using f32 = float;
using u32 = __UINT32_TYPE__;
using usize = __SIZE_TYPE__;

/** "No padding row" for scatterAdd: no table has this many rows. */
constexpr u32 noPadding = 0xffffffff;

/** The most negatives, and the longest row, of a training step: its working memory is fixed. */
constexpr usize maxNegatives = 63;
constexpr usize maxStepDim = 65536;

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
   * gradWeight[indices[i], :] += gradOut[i, :] for i = 0, 1, ... in this order, each a single f32 add; indices equal to
   * paddingIdx are passed over. Returns as gather does, and a refused call has changed nothing.
   */
  usize (*scatterAdd)(f32* gradWeight, usize numEmbeddings, usize embeddingDim, const u32* indices, usize numIndices,
                      u32 paddingIdx, const f32* gradOut);

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
};

}  // namespace nn
