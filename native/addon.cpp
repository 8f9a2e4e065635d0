/**
 * The N-API door: reads arguments, calls a kernel, hands the answer back. No arithmetic here.
 *
 * Safe in worker threads: each environment gets its own functions from init, and nothing that belongs to JavaScript is
 * kept. What JavaScript sees is described in src/backend/native.ts, the only file that loads this.
 */
#include <napi.h>
#include <stdlib.h>

#include "args.h"
#include "dispatch.h"
#include "doors/bags.h"
#include "doors/limits.h"
#include "doors/loss.h"
#include "doors/optimizers.h"
#include "doors/word2vec.h"
#include "later.h"
#include "lease.h"
#include "limits.h"
#include "threads.h"

namespace nn {
namespace {

/** Raised when the shape of what init exports changes: src/backend/native.ts refuses a stranger. */
constexpr u32 abi = 4;

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
  return args.run([=](const Kernels& kernels) { (kernels.*matmul)(a, b, m, n, k, accumulate, out); });
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

/** The calls of the environment that are noted down: what run and forget are made with. */
NotedCalls* notedOf(napi_env env, napi_callback_info info) {
  void* noted = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &noted);
  return static_cast<NotedCalls*>(noted);
}

napi_value run(napi_env env, napi_callback_info info) {
  return runNoted(env, notedOf(env, info));
}

napi_value forget(napi_env env, napi_callback_info info) {
  forgetNoted(env, notedOf(env, info));
  return nullptr;
}

napi_value getNumThreads(napi_env env, napi_callback_info) {
  return number(env, numThreads());
}

/** setNumThreads and setFirstNumThreads. */
template <void (*set)(usize)>
napi_value setThreads(napi_env env, napi_callback_info info) {
  Args<1> args{env, {}, nullptr};
  usize count;
  if (!args.read(info) || !args.integer(0, "numThreads", maxThreads, &count)) return nullptr;
  if (count > 0) set(count);
  return nullptr;
}

napi_value setSplitsAll(napi_env env, napi_callback_info info) {
  Args<1> args{env, {}, nullptr};
  bool splitsAll;
  if (args.read(info) && args.boolean(0, "splitsAll", &splitsAll)) nn::setSplitsAll(splitsAll);
  return nullptr;
}

/**
 * A function that is called raw. Setting up, node-addon-api's wrappers are welcome; in a call they cost as much as a
 * small lookup. Objects are filled by Set: object["name"] makes a std::string, which can throw, and so brings the
 * unwinder of exceptions and its need of a new glibc.
 */
Napi::Value function(Napi::Env env, const char* name, napi_callback callback, const void* data = nullptr) {
  napi_value made;
  const napi_status status =
      napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, const_cast<void*>(data), &made);
  return status == napi_ok ? Napi::Value(env, made) : env.Undefined();
}

Napi::Object kernelFunctions(Napi::Env env, const Door* door) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("gather", function(env, "gather", gather, door));
  object.Set("gatherSum", function(env, "gatherSum", gatherSum, door));
  object.Set("scatterAdd", function(env, "scatterAdd", scatterAdd, door));
  object.Set("gatherBags", function(env, "gatherBags", gatherBags, door));
  object.Set("scatterAddBags", function(env, "scatterAddBags", scatterAddBags, door));
  object.Set("scatterAddMaxBags", function(env, "scatterAddMaxBags", scatterAddMaxBags, door));
  object.Set("dotBags", function(env, "dotBags", dotBags, door));
  object.Set("matmulNN", function(env, "matmulNN", multiply<&Kernels::matmulNN>, door));
  object.Set("matmulNT", function(env, "matmulNT", multiply<&Kernels::matmulNT>, door));
  object.Set("matmulTN", function(env, "matmulTN", multiply<&Kernels::matmulTN>, door));
  object.Set("sumExponentials", function(env, "sumExponentials", sumExponentials, door));
  object.Set("softmaxGradient", function(env, "softmaxGradient", softmaxGradient, door));
  object.Set("keepGreatest", function(env, "keepGreatest", keepGreatest, door));
  object.Set("stepSGD", function(env, "stepSGD", stepSGD, door));
  object.Set("stepAdagrad", function(env, "stepAdagrad", stepAdagrad, door));
  object.Set("stepRowwiseAdagrad", function(env, "stepRowwiseAdagrad", stepRowwiseAdagrad, door));
  object.Set("stepAdam", function(env, "stepAdam", stepAdam, door));
  object.Set("stepSparseAdam", function(env, "stepSparseAdam", stepSparseAdam, door));
  object.Set("stepSkipGram", function(env, "stepSkipGram", stepSkipGram, door));
  object.Set("stepCbow", function(env, "stepCbow", stepCbow, door));
  object.Set("drawSkipGram", function(env, "drawSkipGram", drawSkipGram, door));
  object.Set("drawCbow", function(env, "drawCbow", drawCbow, door));
  return object;
}

/** What the machine can do at best: for the bench, and no kernels. */
Napi::Object limitFunctions(Napi::Env env) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("vectors", limitVectors());
  object.Set("read", function(env, "read", limitRead));
  object.Set("copy", function(env, "copy", limitCopy));
  object.Set("rows", function(env, "rows", limitRows));
  object.Set("multiplyAdd", function(env, "multiplyAdd", limitMultiplyAdd));
  return object;
}

/** What lasts as long as an environment: the doors of its functions, and the calls that are noted down. */
struct Environment {
  Door atOnce[mostImplementations];
  Door noting[mostImplementations];
  NotedCalls noted;
};

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  // All zeros is what an environment begins with.
  Environment* lasting = static_cast<Environment*>(calloc(1, sizeof(Environment)));
  if (lasting == nullptr) return exports;
  napi_set_instance_data(
      env, lasting, [](napi_env, void* data, void*) { free(data); }, nullptr);
  Napi::Object able = Napi::Object::New(env);
  Napi::Object noted = Napi::Object::New(env);
  Napi::Object unable = Napi::Object::New(env);
  const Implementations& known = implementations();
  for (usize i = 0; i < known.count; i++) {
    const auto& [kernels, why] = known.all[i];
    if (why != nullptr) {
      unable.Set(kernels->isa, why);
      continue;
    }
    lasting->atOnce[i] = {kernels, nullptr};
    lasting->noting[i] = {kernels, &lasting->noted};
    able.Set(kernels->isa, kernelFunctions(env, &lasting->atOnce[i]));
    noted.Set(kernels->isa, kernelFunctions(env, &lasting->noting[i]));
  }
  exports.Set("abi", static_cast<double>(abi));
  exports.Set("implementations", able);
  exports.Set("noted", noted);
  exports.Set("unsupported", unable);
  exports.Set("run", function(env, "run", run, &lasting->noted));
  exports.Set("forget", function(env, "forget", forget, &lasting->noted));
  exports.Set("allocate", function(env, "allocate", allocate));
  exports.Set("release", function(env, "release", release));
  exports.Set("getNumThreads", function(env, "getNumThreads", getNumThreads));
  exports.Set("setNumThreads", function(env, "setNumThreads", setThreads<setNumThreads>));
  exports.Set("setFirstNumThreads", function(env, "setFirstNumThreads", setThreads<setFirstNumThreads>));
  exports.Set("setSplitsAll", function(env, "setSplitsAll", setSplitsAll));
  exports.Set("limits", limitFunctions(env));
  return exports;
}

}  // namespace
}  // namespace nn

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  return nn::initialize(env, exports);
}

NODE_API_MODULE(nn_embedding, initialize)
