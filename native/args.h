/**
 * Reading arguments by raw N-API calls: the wrappers of node-addon-api double the cost of a small lookup.
 *
 * Every reader makes sure of what the kernels rely on (numbers in their range, arrays that are long enough and lie
 * where an element may), or throws into JavaScript in the house's words and returns false: a wrong argument ends in an
 * exception, never outside an array.
 */
#pragma once

#include <node_api.h>
#include <stdio.h>

#include "kernels.h"
#include "later.h"

namespace nn {

/** src/backend/backend.ts: maxRows. */
constexpr usize maxRows = 0x7fffffff;

/** Larger than any array: what is really allowed is said by the arrays' lengths. */
constexpr usize maxCount = 0xffffffff;

/** Of f32 and u32 alike. */
constexpr usize elementBytes = 4;

/** A count, handed back. */
inline napi_value number(napi_env env, usize value) {
  napi_value result;
  return napi_create_double(env, static_cast<double>(value), &result) == napi_ok ? result : nullptr;
}

/** The arguments of one call, in order. */
template <usize count>
struct Args {
  napi_env env;
  napi_value values[count];
  void* data;  // what the function was made with: a Door

  bool read(napi_callback_info info) {
    usize given = count;  // missing ones are undefined, and no reader takes undefined
    return napi_get_cb_info(env, info, &given, values, nullptr, &data) == napi_ok;
  }

  /** How every kernel's function ends: makes the call, which takes the kernels, or notes it down. */
  template <typename Call>
  napi_value run(const Call& call) const {
    const Door& door = *static_cast<const Door*>(data);
    if (door.noted != nullptr) {
      const NotedCallOf<Call> whole{{NotedCallOf<Call>::make, nullptr, nullptr, 0}, door.kernels, call};
      note(env, door.noted, &whole.noted, sizeof whole, values, count);
      return nullptr;
    }
    if constexpr (__is_same(decltype(call(*door.kernels)), void)) {
      call(*door.kernels);
      return nullptr;
    } else {
      return number(env, call(*door.kernels));
    }
  }

  bool refuse(const char* name, const char* expected) const {
    char message[160];
    snprintf(message, sizeof message, "%s is of the wrong kind, expected %s", name, expected);
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
    return false;
  }

  /** Whether a number is an integer in [least, most], or else refused. */
  bool isWhole(const char* name, double value, usize least, usize most) const {
    if (value >= static_cast<double>(least) && value <= static_cast<double>(most) &&
        value == static_cast<double>(static_cast<usize>(value))) {
      return true;
    }
    char message[160];
    snprintf(message, sizeof message, "%s is %.17g, expected an integer in [%zu, %zu]", name, value, least, most);
    napi_throw_range_error(env, "ERR_OUT_OF_RANGE", message);
    return false;
  }

  /** An integer in [0, most]. */
  bool integer(usize at, const char* name, usize most, usize* out) const { return whole(at, name, 0, most, out); }

  /** An integer in [1, most]. */
  bool positive(usize at, const char* name, usize most, usize* out) const { return whole(at, name, 1, most, out); }

  bool boolean(usize at, const char* name, bool* out) const {
    return napi_get_value_bool(env, values[at], out) == napi_ok || refuse(name, "a boolean");
  }

  bool f32s(usize at, const char* name, usize rows, usize columns, f32** out) const {
    return array(at, name, napi_float32_array, "a Float32Array", rows, columns, reinterpret_cast<void**>(out));
  }

  /** As f32s, but an array of nothing is none: null. */
  bool f32sOrNone(usize at, const char* name, usize rows, usize columns, f32** out) const {
    *out = nullptr;
    return isNone(at, napi_float32_array) || f32s(at, name, rows, columns, out);
  }

  bool u32s(usize at, const char* name, usize count32, u32** out) const {
    return array(at, name, napi_uint32_array, "a Uint32Array", count32, 1, reinterpret_cast<void**>(out));
  }

  /** As u32s, but an array of nothing is none: null. */
  bool u32sOrNone(usize at, const char* name, usize count32, u32** out) const {
    *out = nullptr;
    return isNone(at, napi_uint32_array) || u32s(at, name, count32, out);
  }

  /** A number as it is. */
  bool real(usize at, const char* name, f64* out) const {
    return napi_get_value_double(env, values[at], out) == napi_ok || refuse(name, "a number");
  }

  /** A number, rounded to the nearest float. */
  bool real(usize at, const char* name, f32* out) const {
    f64 value;
    if (!real(at, name, &value)) return false;
    *out = static_cast<f32>(value);
    return true;
  }

 private:
  bool whole(usize at, const char* name, usize least, usize most, usize* out) const {
    double value;
    if (napi_get_value_double(env, values[at], &value) != napi_ok) return refuse(name, "a number");
    if (!isWhole(name, value, least, most)) return false;
    *out = static_cast<usize>(value);
    return true;
  }

  bool isNone(usize at, napi_typedarray_type wanted) const {
    napi_typedarray_type type;
    usize length;
    return napi_get_typedarray_info(env, values[at], &type, &length, nullptr, nullptr, nullptr) == napi_ok &&
           type == wanted && length == 0;
  }

  /**
   * Where an array of 32-bit elements lies, if it is a view of so many bytes. Which kind of view it is the facade has
   * seen to: to ask for that takes as long again as all the rest, 25 ns an array.
   */
  bool array(usize at, const char* name, napi_typedarray_type wanted, const char* expected, usize rows, usize columns,
             void** out) const {
    usize least, byteLength;
    if (!__builtin_mul_overflow(rows, columns, &least) &&
        napi_get_buffer_info(env, values[at], out, &byteLength) == napi_ok && byteLength / elementBytes >= least &&
        reinterpret_cast<usize>(*out) % elementBytes == 0) {
      return true;
    }
    return describedArray(at, name, wanted, expected, rows, columns, out);
  }

  /** The same, asked the long way: what is refused is refused here, in words. */
  bool describedArray(usize at, const char* name, napi_typedarray_type wanted, const char* expected, usize rows,
                      usize columns, void** out) const {
    napi_typedarray_type type;
    usize length;
    // The last two are not asked for: they would cost a handle each.
    if (napi_get_typedarray_info(env, values[at], &type, &length, out, nullptr, nullptr) != napi_ok || type != wanted) {
      return refuse(name, expected);
    }
    usize least;
    if (__builtin_mul_overflow(rows, columns, &least) || length < least) {
      char message[160];
      snprintf(message, sizeof message, "%s has %zu elements, expected at least %zu x %zu", name, length, rows,
               columns);
      napi_throw_range_error(env, "ERR_INVALID_LENGTH", message);
      return false;
    }
    return true;
  }
};

}  // namespace nn
