#include "rows.h"

#include "../args.h"

namespace nn {

napi_value gather(napi_env env, napi_callback_info info) {
  Args<6> args{env, {}, nullptr};
  f32 *weight, *out;
  u32* indices;
  usize numEmbeddings, embeddingDim, numIndices;
  if (!args.read(info) || !args.integer(1, "numEmbeddings", maxRows, &numEmbeddings) ||
      !args.integer(2, "embeddingDim", maxCount, &embeddingDim) ||
      !args.integer(4, "numIndices", maxCount, &numIndices) ||
      !args.f32s(0, "weight", numEmbeddings, embeddingDim, &weight) || !args.u32s(3, "indices", numIndices, &indices) ||
      !args.f32s(5, "out", numIndices, embeddingDim, &out)) {
    return nullptr;
  }
  return args.run([=](const Kernels& kernels) {
    return kernels.gather(weight, numEmbeddings, embeddingDim, indices, numIndices, out);
  });
}

napi_value gatherSum(napi_env env, napi_callback_info info) {
  Args<9> args{env, {}, nullptr};
  f32 *weight, *positionWeight, *out;
  u32* indices;
  usize numEmbeddings, embeddingDim, numIndices, sequenceLength, start;
  if (!args.read(info) || !args.integer(1, "numEmbeddings", maxRows, &numEmbeddings) ||
      !args.integer(2, "embeddingDim", maxCount, &embeddingDim) ||
      !args.integer(4, "numIndices", maxCount, &numIndices) ||
      !args.positive(6, "sequenceLength", maxRows, &sequenceLength) || !args.integer(7, "start", maxRows, &start) ||
      !args.f32s(0, "weight", numEmbeddings, embeddingDim, &weight) || !args.u32s(3, "indices", numIndices, &indices) ||
      !args.f32s(5, "positionWeight", start + sequenceLength, embeddingDim, &positionWeight) ||
      !args.f32s(8, "out", numIndices, embeddingDim, &out)) {
    return nullptr;
  }
  return args.run([=](const Kernels& kernels) {
    return kernels.gatherSum(weight, numEmbeddings, embeddingDim, indices, numIndices, positionWeight, sequenceLength,
                             start, out);
  });
}

napi_value scatterAdd(napi_env env, napi_callback_info info) {
  Args<7> args{env, {}, nullptr};
  f32 *gradWeight, *gradOut;
  u32* indices;
  usize numEmbeddings, embeddingDim, numIndices, paddingIdx;
  if (!args.read(info) || !args.integer(1, "numEmbeddings", maxRows, &numEmbeddings) ||
      !args.integer(2, "embeddingDim", maxCount, &embeddingDim) ||
      !args.integer(4, "numIndices", maxCount, &numIndices) || !args.integer(5, "paddingIdx", noPadding, &paddingIdx) ||
      !args.f32s(0, "gradWeight", numEmbeddings, embeddingDim, &gradWeight) ||
      !args.u32s(3, "indices", numIndices, &indices) || !args.f32s(6, "gradOut", numIndices, embeddingDim, &gradOut)) {
    return nullptr;
  }
  return args.run([=](const Kernels& kernels) {
    return kernels.scatterAdd(gradWeight, numEmbeddings, embeddingDim, indices, numIndices,
                              static_cast<u32>(paddingIdx), gradOut);
  });
}

}  // namespace nn
