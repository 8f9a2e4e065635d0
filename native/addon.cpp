/**
 * The N-API door: reads arguments, calls a kernel, hands the answer back. No arithmetic here.
 *
 * Safe in worker threads: each environment gets its own functions from init, and nothing that belongs to JavaScript is
 * kept. What JavaScript sees is described in src/backend/native.ts, the only file that loads this.
 */
#include <node_api.h>

#include "args.h"
#include "dispatch.h"
#include "doors/bags.h"
#include "doors/loss.h"
#include "doors/optimizers.h"
#include "doors/word2vec.h"
#include "lease.h"
#include "object.h"

namespace nn {
namespace {

/** Raised when the shape of what init exports changes: src/backend/native.ts refuses a stranger. */
constexpr u32 abi = 3;

constexpr usize maxByteLength = usize{1} << 53;

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
  return number(env, args.kernels().gather(weight, numEmbeddings, embeddingDim, indices, numIndices, out));
}

napi_value gatherSum(napi_env env, napi_callback_info info) {
  Args<9> args{env, {}, nullptr};
  f32 *weight, *positionWeight, *out;
  u32* indices;
  usize numEmbeddings, embeddingDim, numIndices, sequenceLength, start;
  if (!args.read(info) || !args.integer(1, "numEmbeddings", maxRows, &numEmbeddings) ||
      !args.integer(2, "embeddingDim", maxCount, &embeddingDim) ||
      !args.integer(4, "numIndices", maxCount, &numIndices) ||
      !args.integer(6, "sequenceLength", maxRows, &sequenceLength) || !args.integer(7, "start", maxRows, &start) ||
      !args.f32s(0, "weight", numEmbeddings, embeddingDim, &weight) || !args.u32s(3, "indices", numIndices, &indices) ||
      !args.f32s(5, "positionWeight", start + sequenceLength, embeddingDim, &positionWeight) ||
      !args.f32s(8, "out", numIndices, embeddingDim, &out)) {
    return nullptr;
  }
  if (sequenceLength == 0) {
    args.refuse("sequenceLength", "a positive integer");
    return nullptr;
  }
  return number(env, args.kernels().gatherSum(weight, numEmbeddings, embeddingDim, indices, numIndices, positionWeight,
                                              sequenceLength, start, out));
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
  return number(env, args.kernels().scatterAdd(gradWeight, numEmbeddings, embeddingDim, indices, numIndices,
                                               static_cast<u32>(paddingIdx), gradOut));
}

using Matmul = decltype(Kernels::matmulNN);

template <Matmul Kernels::*matmul>
napi_value multiply(napi_env env, napi_callback_info info) {
  Args<7> args{env, {}, nullptr};
  f32 *a, *b, *out;
  usize m, n, k;
  bool accumulate;
  if (!args.read(info) || !args.integer(2, "m", maxCount, &m) || !args.integer(3, "n", maxCount, &n) ||
      !args.integer(4, "k", maxCount, &k) || !args.boolean(5, "accumulate", &accumulate) ||
      !args.f32s(0, "a", m, k, &a) || !args.f32s(1, "b", n, k, &b) || !args.f32s(6, "out", m, n, &out)) {
    return nullptr;
  }
  (args.kernels().*matmul)(a, b, m, n, k, accumulate, out);
  return nullptr;
}

napi_value allocate(napi_env env, napi_callback_info info) {
  Args<1> args{env, {}, nullptr};
  usize byteLength;
  if (!args.read(info) || !args.integer(0, "byteLength", maxByteLength, &byteLength)) return nullptr;
  return leaseArrayBuffer(env, byteLength);
}

napi_value release(napi_env env, napi_callback_info info) {
  Args<1> args{env, {}, nullptr};
  if (!args.read(info)) return nullptr;
  bool isArrayBuffer = false;
  if (napi_is_arraybuffer(env, args.values[0], &isArrayBuffer) != napi_ok || !isArrayBuffer) {
    args.refuse("arrayBuffer", "an ArrayBuffer");
    return nullptr;
  }
  releaseArrayBuffer(env, args.values[0]);
  return nullptr;
}

Object kernelFunctions(napi_env env, const Kernels* kernels) {
  Object object = Object::make(env);
  object["gather"] = function(env, "gather", gather, kernels);
  object["gatherSum"] = function(env, "gatherSum", gatherSum, kernels);
  object["scatterAdd"] = function(env, "scatterAdd", scatterAdd, kernels);
  object["gatherBags"] = function(env, "gatherBags", gatherBags, kernels);
  object["scatterAddBags"] = function(env, "scatterAddBags", scatterAddBags, kernels);
  object["scatterAddMaxBags"] = function(env, "scatterAddMaxBags", scatterAddMaxBags, kernels);
  object["dotBags"] = function(env, "dotBags", dotBags, kernels);
  object["matmulNN"] = function(env, "matmulNN", multiply<&Kernels::matmulNN>, kernels);
  object["matmulNT"] = function(env, "matmulNT", multiply<&Kernels::matmulNT>, kernels);
  object["matmulTN"] = function(env, "matmulTN", multiply<&Kernels::matmulTN>, kernels);
  object["sumExponentials"] = function(env, "sumExponentials", sumExponentials, kernels);
  object["softmaxGradient"] = function(env, "softmaxGradient", softmaxGradient, kernels);
  object["stepSGD"] = function(env, "stepSGD", stepSGD, kernels);
  object["stepAdagrad"] = function(env, "stepAdagrad", stepAdagrad, kernels);
  object["stepRowwiseAdagrad"] = function(env, "stepRowwiseAdagrad", stepRowwiseAdagrad, kernels);
  object["stepAdam"] = function(env, "stepAdam", stepAdam, kernels);
  object["stepSparseAdam"] = function(env, "stepSparseAdam", stepSparseAdam, kernels);
  object["stepSkipGram"] = function(env, "stepSkipGram", stepSkipGram, kernels);
  object["stepCbow"] = function(env, "stepCbow", stepCbow, kernels);
  return object;
}

Object initialize(napi_env env, Object exports) {
  Object able = Object::make(env);
  Object unable = Object::make(env);
  const Implementations& known = implementations();
  for (usize i = 0; i < known.count; i++) {
    const auto& [kernels, why] = known.all[i];
    if (why == nullptr)
      able[kernels->isa] = kernelFunctions(env, kernels);
    else
      unable[kernels->isa] = why;
  }
  exports["abi"] = static_cast<double>(abi);
  exports["implementations"] = able;
  exports["unsupported"] = unable;
  exports["allocate"] = function(env, "allocate", allocate);
  exports["release"] = function(env, "release", release);
  return exports;
}

}  // namespace
}  // namespace nn

NAPI_MODULE_INIT() {
  return nn::initialize(env, {env, exports}).value;
}
