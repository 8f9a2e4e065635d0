#include "matmul.h"

#include "../args.h"

namespace nn {
namespace {

using Matmul = decltype(Kernels::matmulNN);

template <Matmul Kernels::*matmul>
napi_value multiply(napi_env env, napi_callback_info info) {
  Args<7> args{env, {}, nullptr};
  f32 *a, *b, *out;
  usize m, n, k;
  bool accumulate;
  if (!args.read(info) || !args.integer(2, "m", maxCount, &m) || !args.integer(3, "n", maxCount, &n) ||
      !args.integer(4, "k", maxCount, &k) || !args.boolean(5, "accumulate", &accumulate) ||
      !args.f32s(0, "a", m, k, &a) || !args.f32s(1, "b", n, k, &b) || !args.f32s(6, "out", m, n, &out)) {
    return nullptr;
  }
  return args.run([=](const Kernels& kernels) { (kernels.*matmul)(a, b, m, n, k, accumulate, out); });
}

}  // namespace

napi_value matmulNN(napi_env env, napi_callback_info info) {
  return multiply<&Kernels::matmulNN>(env, info);
}

napi_value matmulNT(napi_env env, napi_callback_info info) {
  return multiply<&Kernels::matmulNT>(env, info);
}

napi_value matmulTN(napi_env env, napi_callback_info info) {
  return multiply<&Kernels::matmulTN>(env, info);
}

}  // namespace nn
