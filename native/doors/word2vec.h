/** The N-API door to the kernels of word2vec; addon.cpp hangs them up. */
#pragma once

#include <node_api.h>

namespace nn {

napi_value stepSkipGram(napi_env env, napi_callback_info info);
napi_value stepCbow(napi_env env, napi_callback_info info);
napi_value drawSkipGram(napi_env env, napi_callback_info info);
napi_value drawCbow(napi_env env, napi_callback_info info);

}  // namespace nn
