#include "word2vec.h"

#include "../args.h"

namespace nn {
namespace {

/** What is drawn from: the first twelve arguments of both drawing kernels. */
struct TextArgs {
  u32 *state, *tokens, *keep, *buckets;
  usize numTokens, lineEnd, numEmbeddings, window, numNegatives;
  f64 firstLr, tokensBehind, tokensInAll;

  template <usize count>
  bool read(const Args<count>& args) {
    return args.integer(2, "numTokens", maxCount, &numTokens) && args.integer(3, "lineEnd", maxCount, &lineEnd) &&
           args.integer(6, "numEmbeddings", maxRows, &numEmbeddings) &&
           args.positive(7, "window", longestSentence, &window) &&
           args.integer(8, "numNegatives", maxNegatives, &numNegatives) &&
           args.u32s(0, "state", drawingWords + longestSentence, &state) &&
           args.u32s(1, "tokens", numTokens, &tokens) && args.u32s(4, "keep", numEmbeddings, &keep) &&
           args.u32s(5, "buckets", 2 * numEmbeddings, &buckets) && args.real(9, "firstLr", &firstLr) &&
           args.real(10, "tokensBehind", &tokensBehind) && args.real(11, "tokensInAll", &tokensInAll) &&
           readState(args);
  }

 private:
  /** A sentence that goes beyond itself would lead outside the state: see Drawing of kernels/drawTuples.h. */
  template <usize count>
  bool readState(const Args<count>& args) const {
    const u32 length = state[6], center = state[7];
    return args.isWhole("state[6]", length, 0, longestSentence) && args.isWhole("state[7]", center, 0, length);
  }
};

}  // namespace

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

napi_value drawSkipGram(napi_env env, napi_callback_info info) {
  Args<16> args{env, {}, nullptr};
  TextArgs text;
  u32 *inputs, *outputs;
  f32* lr;
  usize maxTuples;
  if (!args.read(info) || !text.read(args) || !args.integer(15, "maxTuples", maxCount, &maxTuples) ||
      !args.u32s(12, "inputs", maxTuples, &inputs) ||
      !args.u32s(13, "outputs", maxTuples * (text.numNegatives + 1), &outputs) ||
      !args.f32s(14, "lr", maxTuples, 1, &lr)) {
    return nullptr;
  }
  return args.run([=](const Kernels& kernels) {
    return kernels.drawSkipGram(text.state, text.tokens, text.numTokens, static_cast<u32>(text.lineEnd), text.keep,
                                text.buckets, text.numEmbeddings, text.window, text.numNegatives, text.firstLr,
                                text.tokensBehind, text.tokensInAll, inputs, outputs, lr, maxTuples);
  });
}

napi_value drawCbow(napi_env env, napi_callback_info info) {
  Args<18> args{env, {}, nullptr};
  TextArgs text;
  u32 *inputs, *offsets, *outputs;
  f32* lr;
  usize maxInputs, maxTuples;
  if (!args.read(info) || !text.read(args) || !args.integer(13, "maxInputs", maxCount, &maxInputs) ||
      !args.integer(17, "maxTuples", maxCount, &maxTuples) || !args.u32s(12, "inputs", maxInputs, &inputs) ||
      !args.u32s(14, "offsets", maxTuples + 1, &offsets) ||
      !args.u32s(15, "outputs", maxTuples * (text.numNegatives + 1), &outputs) ||
      !args.f32s(16, "lr", maxTuples, 1, &lr)) {
    return nullptr;
  }
  return args.run([=](const Kernels& kernels) {
    return kernels.drawCbow(text.state, text.tokens, text.numTokens, static_cast<u32>(text.lineEnd), text.keep,
                            text.buckets, text.numEmbeddings, text.window, text.numNegatives, text.firstLr,
                            text.tokensBehind, text.tokensInAll, inputs, maxInputs, offsets, outputs, lr, maxTuples);
  });
}

}  // namespace nn
