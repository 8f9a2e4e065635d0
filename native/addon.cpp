/**
 * What the N-API door exports. The functions are those of doors/: each reads its arguments, calls a kernel and hands
 * the answer back.
 *
 * Safe in worker threads: each environment gets its own functions from init, and nothing that belongs to JavaScript is
 * kept. What JavaScript sees is described in src/backend/native.ts, the only file that loads this.
 */
#include <napi.h>
#include <stdlib.h>

#include "dispatch.h"
#include "doors/bags.h"
#include "doors/limits.h"
#include "doors/loss.h"
#include "doors/matmul.h"
#include "doors/optimizers.h"
#include "doors/process.h"
#include "doors/rows.h"
#include "doors/word2vec.h"
#include "later.h"
#include "limits.h"

namespace nn {
namespace {

/** Raised when the shape of what init exports changes: src/backend/native.ts refuses a stranger. */
constexpr u32 abi = 4;

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
  object.Set("matmulNN", function(env, "matmulNN", matmulNN, door));
  object.Set("matmulNT", function(env, "matmulNT", matmulNT, door));
  object.Set("matmulTN", function(env, "matmulTN", matmulTN, door));
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
  exports.Set("setNumThreads", function(env, "setNumThreads", setNumThreads));
  exports.Set("setFirstNumThreads", function(env, "setFirstNumThreads", setFirstNumThreads));
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
