#pragma once

#include "eightLanes.h"
#include "prefetch.h"
#include "sigmoid.h"

namespace nn {
namespace {

/** Rows worked on side by side: 6 sums, or 6 factors, stay in registers. A target and 5 negatives are one group. */
constexpr usize mostRows = 6;

/** hidden . rows[r] for each r. */
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
  for (usize r = 0; r < count; r++) scores[r] = foldTwice(folded(sums[r]));
}

/** One element, or a vector of them: grad (of the rows before, unless this group is the first) and each row in turn. */
template <usize count, typename Vector>
NN_INLINE Vector moveElements(Vector in, f32* const* rows, usize j, const Vector (&factors)[count], Vector grad,
                              bool first) {
  for (usize r = 0; r < count; r++) {
    const Vector old = load<Vector>(rows[r] + j);
    const Vector product = factors[r] * old;
    grad = first && r == 0 ? product : grad + product;
    store(rows[r] + j, old + factors[r] * in);  // before the next row is read: it may be the same
  }
  return grad;
}

/** grad += factors[r] * rows[r], rows[r] += factors[r] * hidden, r ascending; grad starts with the first of the first
 * group. */
template <usize count>
NN_INLINE void moveRows(const f32* hidden, f32* const* rows, usize embeddingDim, const f32* factors, bool first,
                        f32* grad) {
  usize j = 0;
  EightLanes each[count];
  for (usize r = 0; r < count; r++) each[r] = everyLane(factors[r]);
  for (; j + dotLanes <= embeddingDim; j += dotLanes) {
    const EightLanes before = first ? EightLanes{} : loadLanes(grad + j);
    storeLanes(grad + j, moveElements<count>(loadLanes(hidden + j), rows, j, each, before, first));
  }
  if (j + 4 <= embeddingDim) {
    f32x4 four[count];
    for (usize r = 0; r < count; r++) four[r] = factors[r] - f32x4{};
    const f32x4 before = first ? f32x4{} : load<f32x4>(grad + j);
    store(grad + j, moveElements<count>(load<f32x4>(hidden + j), rows, j, four, before, first));
    j += 4;
  }
  for (; j < embeddingDim; j++) {
    f32 one[count];
    for (usize r = 0; r < count; r++) one[r] = factors[r];
    grad[j] = moveElements<count>(hidden[j], rows, j, one, first ? 0 : grad[j], first);
  }
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
 * The output side of one tuple: moves the rows outputs[0] … outputs[numNegatives] of outputWeight and leaves the
 * gradient of hidden in grad. See Kernels::stepSkipGram.
 */
NN_INLINE void stepOutputs(const f32* hidden, f32* outputWeight, usize embeddingDim, const u32* outputs,
                           usize numNegatives, f32 lr, f32* grad) {
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
#define NN_MOVE(rows_) moveRows<rows_>(hidden, rows + k, embeddingDim, factors + k, k == 0, grad)
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
constexpr usize tuplesAhead = 2;

}  // namespace
}  // namespace nn
