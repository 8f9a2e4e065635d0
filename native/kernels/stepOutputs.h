#pragma once

#include "eightLanes.h"
#include "prefetch.h"
#include "sigmoid.h"

namespace nn {
namespace {

/** Rows worked on side by side: 6 sums, or 6 factors, stay in registers. A target and 5 negatives are one group. */
constexpr usize mostRows = 6;

/** hidden . rows[r] for each r; as many floats behind the scores as make fours of them are overwritten. */
template <usize count>
NN_INLINE void scoreRows(const f32* hidden, f32* const* rows, usize embeddingDim, f32* scores) {
  EightLanes sums[count] = {};
  usize j = 0;
  for (; j + dotLanes <= embeddingDim; j += dotLanes) {
    const EightLanes in = loadLanes(hidden + j);
    for (usize r = 0; r < count; r++) sums[r] = sums[r] + in * loadLanes(rows[r] + j);
  }
  const usize tail = embeddingDim - j;
  if (tail > 0) {
    const EightLanes in = loadTail(hidden + j, tail);
    for (usize r = 0; r < count; r++) sums[r] = sums[r] + in * loadTail(rows[r] + j, tail);
  }
  // Folded in fours: scores stored one by one would have to reach the cache before they could be read as vectors.
  f32x4 halves[(count + 3) / 4 * 4] = {};
  for (usize r = 0; r < count; r++) halves[r] = folded(sums[r]);
  for (usize r = 0; r < count; r += 4) {
    store(scores + r, foldTwice(halves[r], halves[r + 1], halves[r + 2], halves[r + 3]));
  }
}

/** The rows of inputWeight that a tuple's gradient goes to. */
struct InputRows {
  f32* weight;
  const u32* rows;
  usize count;
};

/** Output rows worked on side by side, and what they are moved by. The gradient of the groups before is in grad. */
struct OutputRows {
  const f32* hidden;
  f32* const* rows;
  const f32* factors;
  f32* grad;
  bool first, last;
};

/**
 * One column, or a vector of them: gradient += factors[r] * rows[r] and rows[r] += factors[r] * hidden, r ascending;
 * the gradient starts with the first product of the first group, and behind the last group goes to the input rows.
 */
template <usize count, typename Vector>
NN_INLINE void moveColumns(const OutputRows& outputs, const InputRows& inputs, usize embeddingDim, usize j) {
  const auto [hidden, rows, factors, grad, first, last] = outputs;
  const Vector in = load<Vector>(hidden + j);
  Vector sum = first ? Vector{} : load<Vector>(grad + j);
  for (usize r = 0; r < count; r++) {
    const Vector factor = factors[r] - Vector{};
    const Vector old = load<Vector>(rows[r] + j);
    const Vector product = factor * old;
    sum = first && r == 0 ? product : sum + product;
    store(rows[r] + j, old + factor * in);  // before the next row is read: it may be the same
  }
  if (!last) {
    store(grad + j, sum);
    return;
  }
  for (usize i = 0; i < inputs.count; i++) {
    f32* row = inputs.weight + inputs.rows[i] * embeddingDim;
    store(row + j, load<Vector>(row + j) + sum);
  }
}

template <usize count>
NN_INLINE void moveRows(const OutputRows& outputs, const InputRows& inputs, usize embeddingDim) {
  usize j = 0;
  for (; j + wideLanes <= embeddingDim; j += wideLanes) moveColumns<count, Wide>(outputs, inputs, embeddingDim, j);
  for (; j + 4 <= embeddingDim; j += 4) moveColumns<count, f32x4>(outputs, inputs, embeddingDim, j);
  for (; j < embeddingDim; j++) moveColumns<count, f32>(outputs, inputs, embeddingDim, j);
}

/** Calls a template of so many rows, 1 to mostRows. */
#define NN_FOR_ROWS(count, call) \
  switch (count) {               \
    case 1:                      \
      call(1);                   \
      break;                     \
    case 2:                      \
      call(2);                   \
      break;                     \
    case 3:                      \
      call(3);                   \
      break;                     \
    case 4:                      \
      call(4);                   \
      break;                     \
    case 5:                      \
      call(5);                   \
      break;                     \
    default:                     \
      call(6);                   \
      break;                     \
  }

/**
 * One tuple but for its hidden row: moves the rows outputs[0] to outputs[numNegatives] of outputWeight and adds the
 * gradient of hidden, which may be the input row itself, to each input row. grad is working memory. See
 * Kernels::stepSkipGram.
 */
NN_INLINE void stepOutputs(const f32* hidden, f32* outputWeight, usize embeddingDim, const u32* outputs,
                           usize numNegatives, f32 lr, f32* grad, const InputRows& inputs) {
  constexpr usize most = (maxNegatives + 1 + mostRows - 1) / mostRows * mostRows;
  const usize count = numNegatives + 1;
  f32* rows[most];
  alignas(16) f32 factors[most + 4] = {};
  for (usize k = 0; k < count; k++) rows[k] = outputWeight + outputs[k] * embeddingDim;
  for (usize k = 0; k < count; k += mostRows) {
#define NN_SCORE(rows_) scoreRows<rows_>(hidden, rows + k, embeddingDim, factors + k)
    NN_FOR_ROWS(least(mostRows, count - k), NN_SCORE)
#undef NN_SCORE
  }
  for (usize k = 0; k < count; k += 4) {
    const f32x4 label = {k == 0 ? 1.0f : 0.0f, 0, 0, 0};
    store(factors + k, lr * (label - sigmoid(load<f32x4>(factors + k))));
  }
  for (usize k = 0; k < count; k += mostRows) {
    const OutputRows group = {hidden, rows + k, factors + k, grad, k == 0, k + mostRows >= count};
#define NN_MOVE(rows_) moveRows<rows_>(group, inputs, embeddingDim)
    NN_FOR_ROWS(least(mostRows, count - k), NN_MOVE)
#undef NN_MOVE
  }
}

#undef NN_FOR_ROWS

/** Asks for the rows of a tuple that will be moved soon. */
NN_INLINE void prefetchRows(const f32* table, usize embeddingDim, const u32* rows, usize count) {
  for (usize i = 0; i < count; i++) prefetchRow<true>(table + rows[i] * embeddingDim, embeddingDim);
}

/** Tuples ahead of the work for which rows are asked. */
constexpr usize tuplesAhead = 3;

}  // namespace
}  // namespace nn
