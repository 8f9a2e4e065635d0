/** The N-API door to the kernels of optimizers; addon.cpp hangs them up. */
#pragma once

#include <node_api.h>

namespace nn {

napi_value stepSGD(napi_env env, napi_callback_info info);
napi_value stepAdagrad(napi_env env, napi_callback_info info);
napi_value stepRowwiseAdagrad(napi_env env, napi_callback_info info);
napi_value stepAdam(napi_env env, napi_callback_info info);
napi_value stepSparseAdam(napi_env env, napi_callback_info info);

}  // namespace nn
