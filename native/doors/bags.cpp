#include "bags.h"

#include "../args.h"

namespace nn {
namespace {

/** Offsets lead a kernel into the indices: those that do not ascend, or end beyond them, are refused here. */
template <usize count>
bool readOffsets(const Args<count>& args, usize at, usize numBags, usize numIndices, u32** offsets) {
  if (!args.u32s(at, "offsets", numBags + 1, offsets)) return false;
  u32 least = 0;
  for (usize b = 0; b <= numBags; b++) {
    const u32 offset = (*offsets)[b];
    if (offset < least || offset > numIndices) {
      char message[160];
      snprintf(message, sizeof message, "offsets[%zu] is %u, expected an integer in [%u, %zu]", b, offset, least,
               numIndices);
      napi_throw_range_error(args.env, "ERR_OUT_OF_RANGE", message);
      return false;
    }
    least = offset;
  }
  return true;
}

/** The table's sizes, the indices and the offsets, which stand side by side in most of the kernels. */
struct BagArgs {
  usize numEmbeddings, embeddingDim, numIndices, numBags, paddingIdx;
  u32 *indices, *offsets;

  template <usize count>
  bool read(const Args<count>& args, usize atPadding) {
    return args.integer(1, "numEmbeddings", maxRows, &numEmbeddings) &&
           args.integer(2, "embeddingDim", maxCount, &embeddingDim) &&
           args.integer(4, "numIndices", maxCount, &numIndices) && args.integer(6, "numBags", maxCount, &numBags) &&
           args.integer(atPadding, "paddingIdx", noPadding, &paddingIdx) &&
           args.u32s(3, "indices", numIndices, &indices) && readOffsets(args, 5, numBags, numIndices, &offsets);
  }
};

}  // namespace

napi_value gatherBags(napi_env env, napi_callback_info info) {
  Args<11> args{env, {}, nullptr};
  BagArgs bags;
  usize mode;
  f32 *weight, *sampleWeights, *out;
  if (!args.read(info) || !bags.read(args, 8) || !args.integer(7, "mode", bagMax, &mode) ||
      !args.f32s(0, "weight", bags.numEmbeddings, bags.embeddingDim, &weight) ||
      !args.f32sOrNone(9, "sampleWeights", bags.numIndices, 1, &sampleWeights) ||
      !args.f32s(10, "out", bags.numBags, bags.embeddingDim, &out)) {
    return nullptr;
  }
  return args.run([=](const Kernels& kernels) {
    return kernels.gatherBags(weight, bags.numEmbeddings, bags.embeddingDim, bags.indices, bags.numIndices,
                              bags.offsets, bags.numBags, static_cast<u32>(mode), static_cast<u32>(bags.paddingIdx),
                              sampleWeights, out);
  });
}

napi_value scatterAddBags(napi_env env, napi_callback_info info) {
  Args<10> args{env, {}, nullptr};
  BagArgs bags;
  f32 *gradWeight, *scales, *gradOut;
  if (!args.read(info) || !bags.read(args, 7) ||
      !args.f32s(0, "gradWeight", bags.numEmbeddings, bags.embeddingDim, &gradWeight) ||
      !args.f32sOrNone(8, "scales", bags.numIndices, 1, &scales) ||
      !args.f32s(9, "gradOut", bags.numBags, bags.embeddingDim, &gradOut)) {
    return nullptr;
  }
  return args.run([=](const Kernels& kernels) {
    return kernels.scatterAddBags(gradWeight, bags.numEmbeddings, bags.embeddingDim, bags.indices, bags.numIndices,
                                  bags.offsets, bags.numBags, static_cast<u32>(bags.paddingIdx), scales, gradOut);
  });
}

napi_value scatterAddMaxBags(napi_env env, napi_callback_info info) {
  Args<12> args{env, {}, nullptr};
  usize numRows, numEmbeddings, embeddingDim, numIndices, numBags, paddingIdx;
  f32 *gradWeight, *weight, *gradOut;
  u32 *indices, *places, *offsets;
  if (!args.read(info) || !args.integer(1, "numRows", maxCount, &numRows) ||
      !args.integer(3, "numEmbeddings", maxRows, &numEmbeddings) ||
      !args.integer(4, "embeddingDim", maxCount, &embeddingDim) ||
      !args.integer(7, "numIndices", maxCount, &numIndices) || !args.integer(9, "numBags", maxCount, &numBags) ||
      !args.integer(10, "paddingIdx", noPadding, &paddingIdx) ||
      !args.f32s(0, "gradWeight", numRows, embeddingDim, &gradWeight) ||
      !args.f32s(2, "weight", numEmbeddings, embeddingDim, &weight) || !args.u32s(5, "indices", numIndices, &indices) ||
      !args.u32s(6, "places", numIndices, &places) || !readOffsets(args, 8, numBags, numIndices, &offsets) ||
      !args.f32s(11, "gradOut", numBags, embeddingDim, &gradOut)) {
    return nullptr;
  }
  return args.run([=](const Kernels& kernels) {
    return kernels.scatterAddMaxBags(gradWeight, numRows, weight, numEmbeddings, embeddingDim, indices, places,
                                     numIndices, offsets, numBags, static_cast<u32>(paddingIdx), gradOut);
  });
}

napi_value dotBags(napi_env env, napi_callback_info info) {
  Args<10> args{env, {}, nullptr};
  BagArgs bags;
  f32 *weight, *gradOut, *out;
  if (!args.read(info) || !bags.read(args, 7) ||
      !args.f32s(0, "weight", bags.numEmbeddings, bags.embeddingDim, &weight) ||
      !args.f32s(8, "gradOut", bags.numBags, bags.embeddingDim, &gradOut) ||
      !args.f32s(9, "out", bags.numIndices, 1, &out)) {
    return nullptr;
  }
  return args.run([=](const Kernels& kernels) {
    return kernels.dotBags(weight, bags.numEmbeddings, bags.embeddingDim, bags.indices, bags.numIndices, bags.offsets,
                           bags.numBags, static_cast<u32>(bags.paddingIdx), gradOut, out);
  });
}

}  // namespace nn
