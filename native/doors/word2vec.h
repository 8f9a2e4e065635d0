/** The part of the N-API door behind which training happens: see addon.cpp. */
#pragma once

#include <node_api.h>

namespace nn {

napi_value stepSkipGram(napi_env env, napi_callback_info info);
napi_value stepCbow(napi_env env, napi_callback_info info);
napi_value drawSkipGram(napi_env env, napi_callback_info info);
napi_value drawCbow(napi_env env, napi_callback_info info);

}  // namespace nn
