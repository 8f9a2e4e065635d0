/** Filling JavaScript objects, when an environment sets up: raw N-API, so that the addon needs no C++ library. */
#pragma once

#include <node_api.h>

#include "kernels.h"

namespace nn {

/** An object, in a scope of its environment. What cannot be set stays undefined, and src/backend/native.ts finds it
 * missing. */
struct Object {
  napi_env env;
  napi_value value;

  static Object make(napi_env env) {
    napi_value made = nullptr;
    napi_create_object(env, &made);
    return {env, made};
  }

  /** One of its properties, to be assigned to. */
  struct Property {
    napi_env env;
    napi_value object;
    const char* name;

    void operator=(napi_value value) const { napi_set_named_property(env, object, name, value); }
    void operator=(const Object& other) const { *this = other.value; }

    void operator=(double number) const {
      napi_value made;
      if (napi_create_double(env, number, &made) == napi_ok) *this = made;
    }

    void operator=(const char* text) const {
      napi_value made;
      if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &made) == napi_ok) *this = made;
    }
  };

  Property operator[](const char* name) const { return {env, value, name}; }
};

/** A function that gets its arguments raw, and `data` with them; null where there is no memory for it. */
inline napi_value function(napi_env env, const char* name, napi_callback callback, const void* data = nullptr) {
  napi_value made = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, const_cast<void*>(data), &made);
  return made;
}

}  // namespace nn
