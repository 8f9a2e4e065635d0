/** The door's part for the kernels of the loss; addon.cpp includes it. */
#pragma once

#include "../args.h"

namespace nn {
namespace {

/** An array of that many floats, or null for an empty one: "none". */
template <usize count>
bool f32sOrNone(const Args<count>& args, usize at, const char* name, usize length, f32** out) {
  f32* data;
  usize given;
  if (!args.f32s(at, name, 0, 0, &data)) return false;
  if (napi_get_typedarray_info(args.env, args.values[at], nullptr, &given, nullptr, nullptr, nullptr) != napi_ok) {
    return false;
  }
  *out = nullptr;
  return given == 0 || args.f32s(at, name, length, 1, out);
}

/** Larger than any array, as in addon.cpp. */
constexpr usize mostRows = 0xffffffff;

napi_value sumExponentials(napi_env env, napi_callback_info info) {
  Args<5> args{env, {}, nullptr};
  f32 *statistics, *logits, *bias;
  usize numRows, numColumns;
  if (!args.read(info) || !args.integer(2, "numRows", mostRows, &numRows) ||
      !args.integer(3, "numColumns", mostRows, &numColumns) || !args.f32s(0, "statistics", numRows, 3, &statistics) ||
      !args.f32s(1, "logits", numRows, numColumns, &logits) || !f32sOrNone(args, 4, "bias", numColumns, &bias)) {
    return nullptr;
  }
  static_cast<const Kernels*>(args.data)->sumExponentials(statistics, logits, numRows, numColumns, bias);
  return nullptr;
}

napi_value softmaxGradient(napi_env env, napi_callback_info info) {
  Args<5> args{env, {}, nullptr};
  f32 *logits, *bias, *coefficients;
  usize numRows, numColumns;
  if (!args.read(info) || !args.integer(1, "numRows", mostRows, &numRows) ||
      !args.integer(2, "numColumns", mostRows, &numColumns) || !args.f32s(0, "logits", numRows, numColumns, &logits) ||
      !f32sOrNone(args, 3, "bias", numColumns, &bias) || !args.f32s(4, "coefficients", numRows, 3, &coefficients)) {
    return nullptr;
  }
  static_cast<const Kernels*>(args.data)->softmaxGradient(logits, numRows, numColumns, bias, coefficients);
  return nullptr;
}

}  // namespace
}  // namespace nn
