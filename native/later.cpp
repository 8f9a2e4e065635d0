#include "later.h"

#include <stdlib.h>
#include <string.h>

namespace nn {

namespace {

/** Calls that are under way, and the promise that tells when they are done. */
struct Batch {
  NotedCall* first;
  napi_deferred deferred;
  napi_async_work work;
};

void letGo(napi_env env, NotedCall* call) {
  while (call != nullptr) {
    NotedCall* next = call->next;
    for (usize i = 0; i < call->numHeld; i++) napi_delete_reference(env, call->held[i]);
    free(call);
    call = next;
  }
}

/** On a thread of the pool: nothing of JavaScript is touched. */
void execute(napi_env, void* data) {
  Batch* batch = static_cast<Batch*>(data);
  for (const NotedCall* call = batch->first; call != nullptr; call = call->next) call->make(call);
}

napi_value errorOf(napi_env env, const char* text) {
  napi_value message = nullptr, error = nullptr;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message);
  napi_create_error(env, nullptr, message, &error);
  return error;
}

/** On the event loop, also where the environment ends: then nobody is told, and all is let go all the same. */
void complete(napi_env env, napi_status status, void* data) {
  Batch* batch = static_cast<Batch*>(data);
  letGo(env, batch->first);
  napi_value undefined = nullptr;
  if (status != napi_ok) {
    napi_reject_deferred(env, batch->deferred, errorOf(env, "the environment ends, expected one that goes on"));
  } else if (napi_get_undefined(env, &undefined) == napi_ok) {
    napi_resolve_deferred(env, batch->deferred, undefined);
  }
  napi_delete_async_work(env, batch->work);
  free(batch);
}

napi_value refuse(napi_env env) {
  napi_throw_range_error(env, "ERR_OUT_OF_MEMORY", "a call off the event loop is too much, expected memory for it");
  return nullptr;
}

}  // namespace

void note(napi_env env, NotedCalls* calls, const NotedCall* call, usize byteLength, const napi_value* values,
          usize numValues) {
  const usize atHeld = (byteLength + sizeof(napi_ref) - 1) / sizeof(napi_ref) * sizeof(napi_ref);
  char* memory = static_cast<char*>(malloc(atHeld + numValues * sizeof(napi_ref)));
  if (memory == nullptr) {
    refuse(env);
    return;
  }
  memcpy(memory, call, byteLength);
  NotedCall* noted = reinterpret_cast<NotedCall*>(memory);
  noted->next = nullptr;
  noted->held = reinterpret_cast<napi_ref*>(memory + atHeld);
  noted->numHeld = 0;
  for (usize i = 0; i < numValues; i++) {
    bool isArray = false;
    if (napi_is_typedarray(env, values[i], &isArray) != napi_ok || !isArray) continue;
    if (napi_create_reference(env, values[i], 1, &noted->held[noted->numHeld]) != napi_ok) {
      letGo(env, noted);
      refuse(env);
      return;
    }
    noted->numHeld++;
  }
  (calls->first == nullptr ? calls->first : calls->last->next) = noted;
  calls->last = noted;
}

napi_value runNoted(napi_env env, NotedCalls* calls) {
  Batch* batch = static_cast<Batch*>(malloc(sizeof(Batch)));
  if (batch == nullptr) return refuse(env);
  *batch = {calls->first, nullptr, nullptr};
  napi_value name = nullptr, promise = nullptr;
  if (napi_create_string_utf8(env, "nn-embedding", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_async_work(env, nullptr, name, execute, complete, batch, &batch->work) != napi_ok) {
    free(batch);
    return refuse(env);
  }
  if (napi_create_promise(env, &batch->deferred, &promise) != napi_ok ||
      napi_queue_async_work(env, batch->work) != napi_ok) {
    napi_delete_async_work(env, batch->work);
    free(batch);
    return refuse(env);
  }
  *calls = {nullptr, nullptr};
  return promise;
}

void forgetNoted(napi_env env, NotedCalls* calls) {
  letGo(env, calls->first);
  *calls = {nullptr, nullptr};
}

}  // namespace nn
