#include "lease.h"

#include <pthread.h>
#include <stdlib.h>

#include "memory.h"

namespace nn {

namespace {

/**
 * Memory that an ArrayBuffer shows. Two may give it back: releaseArrayBuffer, at once, and the finalizer, which the
 * engine runs when it likes (after a collection, at the end of the environment, and also some time after a release).
 * Whoever takes the region out of the lease frees it; the lease itself lives until both the one who made it and the
 * finalizer have let go.
 */
struct Lease {
  Region region;  // base is null once it has been taken
  u32 holders;
  Lease* previous;
  Lease* next;
};

// Those whose region is not taken yet, of all threads: workers come and go, and an engine may finalize on a thread of
// its own.
Lease* firstLease = nullptr;
pthread_mutex_t leasesMutex = PTHREAD_MUTEX_INITIALIZER;

void link(Lease* lease) {
  lease->previous = nullptr;
  lease->next = firstLease;
  if (firstLease != nullptr) firstLease->previous = lease;
  firstLease = lease;
}

/** The region, if nobody took it before; else one whose base is null. The mutex is held. */
Region take(Lease* lease) {
  const Region region = lease->region;
  if (region.base == nullptr) return region;
  lease->region.base = nullptr;
  (lease->previous != nullptr ? lease->previous->next : firstLease) = lease->next;
  if (lease->next != nullptr) lease->next->previous = lease->previous;
  return region;
}

/** Lets go of a lease, and gives its memory back if that is asked for and has not been done. */
void letGo(Lease* lease, bool giveBack) {
  pthread_mutex_lock(&leasesMutex);
  const Region region = giveBack ? take(lease) : Region{nullptr, 0};
  const bool last = --lease->holders == 0;
  pthread_mutex_unlock(&leasesMutex);
  if (region.base != nullptr) freeRegion(region);
  if (last) free(lease);
}

void finalize(napi_env, void*, void* lease) {
  letGo(static_cast<Lease*>(lease), true);
}

napi_value undefined(napi_env env) {
  napi_value result;
  return napi_get_undefined(env, &result) == napi_ok ? result : nullptr;
}

}  // namespace

napi_value leaseArrayBuffer(napi_env env, usize byteLength) {
  if (byteLength == 0) return undefined(env);
  Lease* lease = static_cast<Lease*>(malloc(sizeof(Lease)));
  if (lease == nullptr) return undefined(env);
  const Region region = allocateRegion(byteLength);
  if (region.base == nullptr) {
    free(lease);
    return undefined(env);
  }
  lease->region = region;
  lease->holders = 2;
  pthread_mutex_lock(&leasesMutex);
  link(lease);
  pthread_mutex_unlock(&leasesMutex);
  napi_value result;
  if (napi_create_external_arraybuffer(env, region.base, byteLength, finalize, lease, &result) == napi_ok) {
    letGo(lease, false);
    return result;
  }
  // Some refusals run the finalizer, some never will: the memory goes now in any case, and at worst an empty lease
  // stays.
  letGo(lease, true);
  napi_value exception;
  napi_get_and_clear_last_exception(env, &exception);
  return undefined(env);
}

void releaseArrayBuffer(napi_env env, napi_value arrayBuffer) {
  void* base = nullptr;
  usize byteLength = 0;
  if (napi_get_arraybuffer_info(env, arrayBuffer, &base, &byteLength) != napi_ok || base == nullptr) return;
  pthread_mutex_lock(&leasesMutex);
  Lease* lease = firstLease;
  while (lease != nullptr && lease->region.base != base) lease = lease->next;
  // Taken before the buffer is detached: detaching may run the finalizer, and with it the lease may go.
  const Region region = lease != nullptr ? take(lease) : Region{nullptr, 0};
  pthread_mutex_unlock(&leasesMutex);
  if (region.base == nullptr) return;
  if (napi_detach_arraybuffer(env, arrayBuffer) == napi_ok) {
    freeRegion(region);
    return;
  }
  // Still attached, so still in use, and its finalizer is still to come.
  pthread_mutex_lock(&leasesMutex);
  lease->region = region;
  link(lease);
  pthread_mutex_unlock(&leasesMutex);
  napi_throw_error(env, nullptr, "this ArrayBuffer cannot be detached");
}

}  // namespace nn
