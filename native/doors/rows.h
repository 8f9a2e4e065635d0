/** The N-API door to the kernels that copy rows and add to them; addon.cpp hangs them up. */
#pragma once

#include <node_api.h>

namespace nn {

napi_value gather(napi_env env, napi_callback_info info);
napi_value gatherSum(napi_env env, napi_callback_info info);
napi_value scatterAdd(napi_env env, napi_callback_info info);

}  // namespace nn
