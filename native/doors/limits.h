/** The N-API door to limits.h: the bench asks it what the machine can do; addon.cpp hangs it up. */
#pragma once

#include <node_api.h>

namespace nn {

napi_value limitRead(napi_env env, napi_callback_info info);
napi_value limitCopy(napi_env env, napi_callback_info info);
napi_value limitRows(napi_env env, napi_callback_info info);
napi_value limitMultiplyAdd(napi_env env, napi_callback_info info);

}  // namespace nn
