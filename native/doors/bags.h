/** The N-API door to the kernels that work on bags; addon.cpp hangs them up. */
#pragma once

#include <node_api.h>

namespace nn {

napi_value gatherBags(napi_env env, napi_callback_info info);
napi_value scatterAddBags(napi_env env, napi_callback_info info);
napi_value scatterAddMaxBags(napi_env env, napi_callback_info info);
napi_value dotBags(napi_env env, napi_callback_info info);

}  // namespace nn
