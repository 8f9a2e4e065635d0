#pragma once

#include "firstOutside.h"
#include "prefetch.h"
#include "split.h"

namespace nn {
namespace {

/** Columns that stay in registers while the rows of a bag pass by: 64, or what 16 registers of 4 leave room for. */
constexpr usize bagRegisters = wideLanes == 16 ? 4 : 8;

/** What a pass over one bag reads. */
struct BagRows {
  const f32* weight;
  usize embeddingDim;
  const u32* indices;
  usize start, end;  // the bag
  usize numIndices;  // of all bags: the next one's rows are asked for at the end of this one
  usize ahead;       // how many rows ahead they are asked for
  u32 paddingIdx;
  const f32* weights;  // one an index, or null
};

enum class Bag { sum, weightedSum, max };

template <typename Vector>
NN_INLINE Vector splat(f32 value) {
  return value - Vector{};  // x - 0 is x, also for -0
}

/**
 * The sum or maximum of `registers` vectors of columns from `column` on, the last of them at `last`: it may overlap the
 * one before it, for it comes to the same. Divided by `divisor`.
 */
template <Bag kind, typename Vector, usize registers>
NN_INLINE void passBag(const BagRows& bag, usize column, usize last, f32 divisor, f32* out) {
  constexpr usize lanes = sizeof(Vector) / sizeof(f32);
  Vector sums[registers];
  for (usize r = 0; r < registers; r++) sums[r] = Vector{};
  bool isFirst = true;  // for the maximum, that nothing is to be compared with yet
  for (usize i = bag.start; i < bag.end; i++) {
    if (i + bag.ahead < bag.numIndices) {
      const f32* soon = bag.weight + bag.indices[i + bag.ahead] * bag.embeddingDim;
      for (usize at = 0; at < registers * lanes; at += 16) __builtin_prefetch(soon + column + at);
      __builtin_prefetch(soon + last + lanes - 1);  // rows may straddle one line more
    }
    if (bag.indices[i] == bag.paddingIdx) continue;
    const f32* row = bag.weight + bag.indices[i] * bag.embeddingDim;
    for (usize r = 0; r < registers; r++) {
      const Vector value = load<Vector>(row + (r + 1 < registers ? column + r * lanes : last));
      if constexpr (kind == Bag::max)
        sums[r] = isFirst ? value : (value > sums[r] ? value : sums[r]);
      else if constexpr (kind == Bag::weightedSum)
        sums[r] = sums[r] + value * splat<Vector>(bag.weights[i]);
      else
        sums[r] = sums[r] + value;
    }
    isFirst = false;
  }
  for (usize r = 0; r < registers; r++) {
    store(out + (r + 1 < registers ? column + r * lanes : last),
          divisor > 1 ? sums[r] / splat<Vector>(divisor) : sums[r]);
  }
}

/** The columns that are left when there are fewer than a full pass has. */
template <Bag kind, typename Vector, usize registers = bagRegisters>
NN_INLINE void passLast(const BagRows& bag, usize column, f32 divisor, f32* out) {
  constexpr usize lanes = sizeof(Vector) / sizeof(f32);
  if constexpr (registers > 1) {
    if (bag.embeddingDim - column <= (registers - 1) * lanes) {
      return passLast<kind, Vector, registers - 1>(bag, column, divisor, out);
    }
  }
  passBag<kind, Vector, registers>(bag, column, bag.embeddingDim - lanes, divisor, out);
}

/** One bag. embeddingDim is at least Vector's length. */
template <Bag kind, typename Vector>
void sumBag(const BagRows& bag, f32 divisor, f32* out) {
  constexpr usize columns = bagRegisters * sizeof(Vector) / sizeof(f32);
  usize column = 0;
  for (; column + columns <= bag.embeddingDim; column += columns) {
    passBag<kind, Vector, bagRegisters>(bag, column, column + columns - sizeof(Vector) / sizeof(f32), divisor, out);
  }
  if (column < bag.embeddingDim) passLast<kind, Vector>(bag, column, divisor, out);
}

using SumBag = void (*)(const BagRows& bag, f32 divisor, f32* out);

template <Bag kind>
NN_INLINE SumBag sumBagOf(usize embeddingDim) {
  return embeddingDim >= wideLanes ? sumBag<kind, Wide> : embeddingDim >= 4 ? sumBag<kind, f32x4> : sumBag<kind, f32>;
}

/** How many indices count of the bag [start, end). */
NN_INLINE usize countOf(const u32* indices, usize start, usize end, u32 paddingIdx) {
  usize count = end - start;
  if (paddingIdx != noPadding) {
    for (usize i = start; i < end; i++) count -= indices[i] == paddingIdx;
  }
  return count;
}

/** out[b, :] = the sum, mean or maximum of the rows of bag b. See Kernels::gatherBags. */
usize gatherBags(const f32* weight, usize numEmbeddings, usize embeddingDim, const u32* indices, usize numIndices,
                 const u32* offsets, usize numBags, u32 mode, u32 paddingIdx, const f32* sampleWeights, f32* out) {
  const usize done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  if (embeddingDim == 0) return numIndices;
  const SumBag sumOf = mode == bagMax             ? sumBagOf<Bag::max>(embeddingDim)
                       : sampleWeights == nullptr ? sumBagOf<Bag::sum>(embeddingDim)
                                                  : sumBagOf<Bag::weightedSum>(embeddingDim);
  // A pass takes 64 columns of a row, and as many rows ahead of it are asked for as with rows of that length.
  const usize ahead = rowsAhead(least(embeddingDim, 64));
  split(numBags, bagsThatPay(numIndices, numBags, embeddingDim), 1, [&](usize from, usize to) {
    for (usize b = from; b < to; b++) {
      const BagRows bag = {weight,     embeddingDim, indices,    offsets[b],   offsets[b + 1],
                           numIndices, ahead,        paddingIdx, sampleWeights};
      const usize count = mode == bagMean ? countOf(indices, bag.start, bag.end, paddingIdx) : 1;
      sumOf(bag, static_cast<f32>(count), out + b * embeddingDim);
    }
  });
  return numIndices;
}

}  // namespace
}  // namespace nn
