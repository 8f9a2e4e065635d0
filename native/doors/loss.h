/** The N-API door to the kernels that take logits; addon.cpp hangs them up. */
#pragma once

#include <node_api.h>

namespace nn {

napi_value sumExponentials(napi_env env, napi_callback_info info);
napi_value softmaxGradient(napi_env env, napi_callback_info info);
napi_value keepGreatest(napi_env env, napi_callback_info info);

}  // namespace nn
