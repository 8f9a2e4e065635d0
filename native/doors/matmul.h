/** The N-API door to the matrix products; addon.cpp hangs them up. */
#pragma once

#include <node_api.h>

namespace nn {

napi_value matmulNN(napi_env env, napi_callback_info info);
napi_value matmulNT(napi_env env, napi_callback_info info);
napi_value matmulTN(napi_env env, napi_callback_info info);

}  // namespace nn
