/** Work that several threads may share: a kernel says how it can be cut, threads.h whether it is. */
#pragma once

#include "../lanes.h"
#include "../threads.h"

namespace nn {
namespace {

/** Floats in a cache line: no two threads should write to the same one. */
constexpr usize lineFloats = 16;

// What it pays to hand to another thread, some 20 microseconds of work: so many floats copied or added, exponentials,
// terms of products.
constexpr usize floatsThatPay = 64 * 1024;
constexpr usize exponentialsThatPay = 16 * 1024;
constexpr usize termsThatPay = 2 * 1024 * 1024;

/** As many items of so much work each as it pays to hand over. */
NN_INLINE usize itemsThatPay(usize worthwhile, usize workOfItem) {
  return workOfItem == 0 ? worthwhile : (worthwhile + workOfItem - 1) / workOfItem;
}

/** As many bags as it pays to hand over, when they are about equal. */
NN_INLINE usize bagsThatPay(usize numIndices, usize numBags, usize embeddingDim) {
  return itemsThatPay(floatsThatPay, numBags == 0 ? 0 : (numIndices + numBags) / numBags * embeddingDim);
}

/**
 * Calls part(from, to) for stretches of [0, total) that may run at the same time, on several threads: see splitWork. A
 * part takes what it was given by reference into variables of its own before it loops: stores of vectors may be to
 * anything.
 */
template <typename Part>
NN_INLINE void split(usize total, usize worthwhile, usize unit, const Part& part) {
  splitWork(
      total, worthwhile, unit,
      [](const void* context, usize from, usize to) { (*static_cast<const Part*>(context))(from, to); }, &part);
}

}  // namespace
}  // namespace nn
