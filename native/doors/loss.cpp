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

napi_value keepGreatest(napi_env env, napi_callback_info info) {
  Args<9> args{env, {}, nullptr};
  f32 *values, *logits, *bias;
  u32* places;
  usize k, first, numRows, numColumns;
  bool isLast;
  if (!args.read(info) || !args.integer(2, "k", maxCount, &k) || !args.integer(3, "first", maxCount, &first) ||
      !args.boolean(4, "isLast", &isLast) || !args.integer(6, "numRows", maxCount, &numRows) ||
      !args.integer(7, "numColumns", maxCount, &numColumns) || !args.f32s(0, "values", numRows, k, &values) ||
      !args.u32s(1, "places", numRows * k, &places) || !args.f32s(5, "logits", numRows, numColumns, &logits) ||
      !args.f32sOrNone(8, "bias", numColumns, 1, &bias)) {
    return nullptr;
  }
  return args.run([=](const Kernels& kernels) {
    kernels.keepGreatest(values, places, k, first, isLast, logits, numRows, numColumns, bias);
  });
}

}  // namespace nn
