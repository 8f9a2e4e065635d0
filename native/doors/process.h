/** The N-API door to what is no kernel: memory, calls off the event loop, threads; addon.cpp hangs them up. */
#pragma once

#include <node_api.h>

namespace nn {

napi_value allocate(napi_env env, napi_callback_info info);
napi_value release(napi_env env, napi_callback_info info);

/** Made with the environment's NotedCalls. */
napi_value run(napi_env env, napi_callback_info info);
napi_value forget(napi_env env, napi_callback_info info);

napi_value getNumThreads(napi_env env, napi_callback_info info);
napi_value setNumThreads(napi_env env, napi_callback_info info);
napi_value setFirstNumThreads(napi_env env, napi_callback_info info);
napi_value setSplitsAll(napi_env env, napi_callback_info info);

}  // namespace nn
