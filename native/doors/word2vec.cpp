#include "word2vec.h"

#include "../args.h"

namespace nn {

napi_value stepSkipGram(napi_env env, napi_callback_info info) {
  Args<9> args{env, {}, nullptr};
  f32 *inputWeight, *outputWeight, *lr;
  u32 *inputs, *outputs;
  usize numEmbeddings, embeddingDim, numTuples, numNegatives;
  if (!args.read(info) || !args.integer(2, "numEmbeddings", maxRows, &numEmbeddings) ||
      !args.integer(3, "embeddingDim", maxStepDim, &embeddingDim) ||
      !args.integer(6, "numTuples", maxCount, &numTuples) ||
      !args.integer(7, "numNegatives", maxNegatives, &numNegatives) ||
      !args.f32s(0, "inputWeight", numEmbeddings, embeddingDim, &inputWeight) ||
      !args.f32s(1, "outputWeight", numEmbeddings, embeddingDim, &outputWeight) ||
      !args.u32s(4, "inputs", numTuples, &inputs) ||
      !args.u32s(5, "outputs", numTuples * (numNegatives + 1), &outputs) || !args.f32s(8, "lr", numTuples, 1, &lr)) {
    return nullptr;
  }
  return args.run([=](const Kernels& kernels) {
    return kernels.stepSkipGram(inputWeight, outputWeight, numEmbeddings, embeddingDim, inputs, outputs, numTuples,
                                numNegatives, lr);
  });
}

napi_value stepCbow(napi_env env, napi_callback_info info) {
  Args<11> args{env, {}, nullptr};
  f32 *inputWeight, *outputWeight, *lr;
  u32 *inputs, *offsets, *outputs;
  usize numEmbeddings, embeddingDim, numInputs, numTuples, numNegatives;
  if (!args.read(info) || !args.integer(2, "numEmbeddings", maxRows, &numEmbeddings) ||
      !args.integer(3, "embeddingDim", maxStepDim, &embeddingDim) ||
      !args.integer(5, "numInputs", maxCount, &numInputs) || !args.integer(8, "numTuples", maxCount, &numTuples) ||
      !args.integer(9, "numNegatives", maxNegatives, &numNegatives) ||
      !args.f32s(0, "inputWeight", numEmbeddings, embeddingDim, &inputWeight) ||
      !args.f32s(1, "outputWeight", numEmbeddings, embeddingDim, &outputWeight) ||
      !args.u32s(4, "inputs", numInputs, &inputs) || !args.u32s(6, "offsets", numTuples + 1, &offsets) ||
      !args.u32s(7, "outputs", numTuples * (numNegatives + 1), &outputs) || !args.f32s(10, "lr", numTuples, 1, &lr)) {
    return nullptr;
  }
  return args.run([=](const Kernels& kernels) {
    return kernels.stepCbow(inputWeight, outputWeight, numEmbeddings, embeddingDim, inputs, numInputs, offsets, outputs,
                            numTuples, numNegatives, lr);
  });
}

}  // namespace nn
