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
};

}  // namespace nn
