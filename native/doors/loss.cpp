#include "loss.h"

#include "../args.h"

namespace nn {

napi_value sumExponentials(napi_env env, napi_callback_info info) {
  Args<5> args{env, {}, nullptr};
  f32 *statistics, *logits, *bias;
  usize numRows, numColumns;
  if (!args.read(info) || !args.integer(2, "numRows", maxCount, &numRows) ||
      !args.integer(3, "numColumns", maxCount, &numColumns) || !args.f32s(0, "statistics", numRows, 3, &statistics) ||
      !args.f32s(1, "logits", numRows, numColumns, &logits) || !args.f32sOrNone(4, "bias", numColumns, 1, &bias)) {
    return nullptr;
  }
  return args.run(
      [=](const Kernels& kernels) { kernels.sumExponentials(statistics, logits, numRows, numColumns, bias); });
}

napi_value softmaxGradient(napi_env env, napi_callback_info info) {
  Args<5> args{env, {}, nullptr};
  f32 *logits, *bias, *coefficients;
  usize numRows, numColumns;
  if (!args.read(info) || !args.integer(1, "numRows", maxCount, &numRows) ||
      !args.integer(2, "numColumns", maxCount, &numColumns) || !args.f32s(0, "logits", numRows, numColumns, &logits) ||
      !args.f32sOrNone(3, "bias", numColumns, 1, &bias) || !args.f32s(4, "coefficients", numRows, 3, &coefficients)) {
    return nullptr;
  }
  return args.run(
      [=](const Kernels& kernels) { kernels.softmaxGradient(logits, numRows, numColumns, bias, coefficients); });
}

}  // namespace nn
