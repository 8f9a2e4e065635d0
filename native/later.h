/**
 * Kernel calls off the event loop: noted down one after the other, then made in this order by a thread of Node's own
 * pool, which knows how workers end and how processes exit.
 */
#pragma once

#include <node_api.h>

#include "kernels.h"

namespace nn {

/** A call that waits to be made, and the arrays that it was given: they stay until it is done, and nobody else writes
 * to them. */
struct NotedCall {
  void (*make)(const NotedCall* call);
  NotedCall* next;
  napi_ref* held;
  usize numHeld;
};

/** Those of one environment that are noted down and not under way yet, in order. */
struct NotedCalls {
  NotedCall* first;
  NotedCall* last;
};

/** What a kernel's function is made with: whose kernels, and where calls are noted down; null where they are made at
 * once. */
struct Door {
  const Kernels* kernels;
  NotedCalls* noted;
};

/** A call that waits, and behind it what makes it, which takes the kernels. Copied byte by byte. */
template <typename Call>
struct NotedCallOf {
  NotedCall noted;
  const Kernels* kernels;
  Call call;

  static void make(const NotedCall* noted) {
    static_assert(__is_trivially_copyable(Call));
    const NotedCallOf* self = reinterpret_cast<const NotedCallOf*>(noted);
    self->call(*self->kernels);
  }
};

/** Notes a copy of a call of so many bytes down; it holds the arrays among the values. Throws into JavaScript where
 * there is no memory. */
void note(napi_env env, NotedCalls* calls, const NotedCall* call, usize byteLength, const napi_value* values,
          usize numValues);

/** Has what was noted down made off the event loop: a promise of undefined. What kernels return is lost: their indices
 * are checked before. */
napi_value runNoted(napi_env env, NotedCalls* calls);

/** Lets go of what was noted down: it will not be made. */
void forgetNoted(napi_env env, NotedCalls* calls);

}  // namespace nn
