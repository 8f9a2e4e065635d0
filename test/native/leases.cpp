/**
 * native/lease.cpp under several threads at once, each with an engine of its own that is made up here: it takes memory
 * or refuses it, detaches buffers or not, and finalizes at once, later, or on another thread. Every piece of memory
 * must be given back once. Made to run under the thread sanitizer: see sanitize.mjs.
 */
#include "../../native/lease.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../native/memory.h"

using namespace nn;

namespace {

constexpr usize numCallers = 4;
constexpr usize mostHeld = 8;

u32 next(u32& state) {
  state = state * 1664525 + 1013904223;
  return state >> 8;
}

/** An ArrayBuffer of the made-up engine. */
struct Buffer {
  void* data;  // null once it is detached
  usize byteLength;
  napi_finalize finalize;  // null once it was called
  void* hint;
  Buffer* following;  // of those that are collected
};

/** What an engine does next: an environment is nothing but its random numbers. */
u32 draw(napi_env env) {
  return next(*reinterpret_cast<u32*>(env));
}

Buffer* bufferOf(napi_value value) {
  return reinterpret_cast<Buffer*>(value);
}

usize regions = 0;  // that are not given back; atomic

// Buffers that nobody uses any more: a thread of the engine's finalizes them.
pthread_mutex_t collecting = PTHREAD_MUTEX_INITIALIZER;
Buffer* collected = nullptr;
bool isOver = false;

void finalize(napi_env env, Buffer* buffer) {
  if (buffer->finalize != nullptr) buffer->finalize(env, buffer->data, buffer->hint);
  buffer->finalize = nullptr;
}

void finish(napi_env env, Buffer* buffer) {
  finalize(env, buffer);
  free(buffer);
}

/** The engine has no more use for a buffer: it finalizes it now, or lets its other thread do it. */
void collect(napi_env env, Buffer* buffer) {
  if (draw(env) % 2 == 0) return finish(env, buffer);
  pthread_mutex_lock(&collecting);
  buffer->following = collected;
  collected = buffer;
  pthread_mutex_unlock(&collecting);
}

void* finalizeOthers(void*) {
  for (bool ends = false; !ends;) {
    pthread_mutex_lock(&collecting);
    Buffer* buffer = collected;
    collected = nullptr;
    ends = isOver && buffer == nullptr;
    pthread_mutex_unlock(&collecting);
    while (buffer != nullptr) {
      Buffer* following = buffer->following;
      finish(nullptr, buffer);
      buffer = following;
    }
  }
  return nullptr;
}

usize rounds;

void* callAtRandom(void* number) {
  u32 state = static_cast<u32>(reinterpret_cast<usize>(number)) + 17;
  napi_env env = reinterpret_cast<napi_env>(&state);
  napi_value held[mostHeld] = {};
  for (usize round = 0; round < rounds; round++) {
    napi_value& at = held[draw(env) % mostHeld];
    if (at == nullptr) {
      at = leaseArrayBuffer(env, 64 + draw(env) % 64);
      continue;
    }
    Buffer* buffer = bufferOf(at);
    if (buffer->data != nullptr) static_cast<char*>(buffer->data)[0]++;  // it is there, and nobody else's
    if (draw(env) % 3 > 0) {
      releaseArrayBuffer(env, at);
    } else {
      collect(env, buffer);
      at = nullptr;
    }
  }
  for (napi_value each : held) {
    if (each != nullptr) collect(env, bufferOf(each));
  }
  return nullptr;
}

}  // namespace

namespace nn {

Region allocateRegion(usize byteLength) {
  __atomic_fetch_add(&regions, 1, __ATOMIC_RELAXED);
  return {calloc(byteLength, 1), byteLength};
}

void freeRegion(Region region) {
  __atomic_fetch_sub(&regions, 1, __ATOMIC_RELAXED);
  free(region.base);
}

}  // namespace nn

extern "C" {

napi_status napi_create_external_arraybuffer(napi_env env, void* data, size_t byteLength, napi_finalize finalize,
                                             void* hint, napi_value* result) {
  Buffer* buffer = static_cast<Buffer*>(malloc(sizeof(Buffer)));
  *buffer = {data, byteLength, finalize, hint, nullptr};
  *result = reinterpret_cast<napi_value>(buffer);
  if (draw(env) % 5 > 0) return napi_ok;
  if (draw(env) % 2 > 0) buffer->finalize = nullptr;  // some refusals finalize, some never will
  collect(env, buffer);
  return napi_no_external_buffers_allowed;
}

napi_status napi_get_arraybuffer_info(napi_env, napi_value value, void** data, size_t* byteLength) {
  *data = bufferOf(value)->data;
  *byteLength = bufferOf(value)->byteLength;
  return napi_ok;
}

napi_status napi_detach_arraybuffer(napi_env env, napi_value value) {
  if (draw(env) % 4 == 0) return napi_detachable_arraybuffer_expected;
  bufferOf(value)->data = nullptr;
  if (draw(env) % 3 == 0) finalize(env, bufferOf(value));
  return napi_ok;
}

napi_status napi_get_undefined(napi_env, napi_value* result) {
  *result = nullptr;
  return napi_ok;
}

napi_status napi_get_and_clear_last_exception(napi_env, napi_value* result) {
  return napi_get_undefined(nullptr, result);
}

napi_status napi_throw_error(napi_env, const char*, const char*) {
  return napi_ok;
}

}  // extern "C"

int main(int, char** arguments) {
  rounds = static_cast<usize>(atoi(arguments[1]));
  pthread_t callers[numCallers], other;
  if (pthread_create(&other, nullptr, finalizeOthers, nullptr) != 0) return 2;
  for (usize i = 0; i < numCallers; i++) {
    if (pthread_create(&callers[i], nullptr, callAtRandom, reinterpret_cast<void*>(i)) != 0) return 2;
  }
  for (pthread_t caller : callers) pthread_join(caller, nullptr);
  pthread_mutex_lock(&collecting);
  isOver = true;
  pthread_mutex_unlock(&collecting);
  pthread_join(other, nullptr);
  printf("%zu callers, %zu rounds of leases: %zu pieces of memory not given back\n", numCallers, rounds, regions);
  return regions == 0 ? 0 : 1;
}
