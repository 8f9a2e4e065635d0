#include "process.h"

#include "../args.h"
#include "../later.h"
#include "../lease.h"
#include "../threads.h"

namespace nn {
namespace {

constexpr usize maxByteLength = usize{1} << 53;

/** The calls of the environment that are noted down: what run and forget are made with. */
NotedCalls* notedOf(napi_env env, napi_callback_info info) {
  void* noted = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &noted);
  return static_cast<NotedCalls*>(noted);
}

template <void (*set)(usize)>
napi_value setThreads(napi_env env, napi_callback_info info) {
  Args<1> args{env, {}, nullptr};
  usize count;
  if (!args.read(info) || !args.integer(0, "numThreads", maxThreads, &count)) return nullptr;
  if (count > 0) set(count);
  return nullptr;
}

}  // namespace

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

napi_value setNumThreads(napi_env env, napi_callback_info info) {
  return setThreads<setNumThreads>(env, info);
}

napi_value setFirstNumThreads(napi_env env, napi_callback_info info) {
  return setThreads<setFirstNumThreads>(env, info);
}

napi_value setSplitsAll(napi_env env, napi_callback_info info) {
  Args<1> args{env, {}, nullptr};
  bool splitsAll;
  if (args.read(info) && args.boolean(0, "splitsAll", &splitsAll)) setSplitsAll(splitsAll);
  return nullptr;
}

}  // namespace nn
