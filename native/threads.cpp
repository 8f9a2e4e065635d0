/**
 * Nothing here is ever torn down: the threads sleep until the process ends, no destructor runs before or after them,
 * and the addon stays mapped as long (binding.gyp: -z nodelete), whatever worker thread of Node loaded it and went.
 */
#include "threads.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

namespace nn {

namespace {

using u64 = __UINT64_TYPE__;

/** The longest stretch is this share of what is there for a thread, so that one who is held up holds up little. */
constexpr usize stretchesPerThread = 4;

/** Below so many times what is worth being handed over nothing is: a thread that sleeps takes long to come. */
constexpr usize leastWorth = 4;

/** How long a thread looks for the next job before it sleeps, for waking it costs more than most of the jobs... */
constexpr u64 lookAround = 50'000;  // nanoseconds

/** ... and how long a caller looks whether its helpers are done: they are, unless something else has their processor.
 */
constexpr u64 lookForHelpers = 50'000;

/** One call of splitWork. It lives on its caller's stack, and in the list only while it may need help. */
struct Job {
  Stretch run;
  const void* context;
  usize total;
  usize least, most;  // items of a stretch, both multiples of the unit
  usize threads;      // that share it
  usize next;         // the first item that nobody has taken; atomic
  usize helpers;      // threads of the pool that are in it; changed under the mutex, atomic for those who only look
  usize room;         // how many more may join; under the mutex
  Job* following;
};

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t posted = PTHREAD_COND_INITIALIZER;    // a job is in the list
pthread_cond_t finished = PTHREAD_COND_INITIALIZER;  // the last helper has left a job

const long processors = sysconf(_SC_NPROCESSORS_ONLN);

// Under the mutex.
Job* firstJob = nullptr;
usize started = 0;     // threads of the pool
usize sleepers = 0;    // of them, waiting for `posted`
usize waiters = 0;     // callers, waiting for `finished`
bool mayStart = true;  // false after the system refused a thread

// Atomic.
usize numThreadsOrNone = 0;
bool splitsAll = false;
usize numPosted = 0;  // jobs so far: changes when there is something to look for
usize lookers = 0;    // threads that look around, for whom nobody needs to be woken

u64 now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<u64>(time.tv_sec) * 1'000'000'000 + static_cast<u64>(time.tv_nsec);
}

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/** Looks, without sleeping, until the condition holds or the time is over: whether it holds. */
template <typename Condition>
bool lookUntil(u64 nanoseconds, const Condition& condition) {
  const u64 end = now() + nanoseconds;
  do {
    for (usize i = 0; i < 32; i++) {
      if (condition()) return true;
      pause();
    }
  } while (now() < end);
  return condition();
}

/** Does stretches of a job until none is left: ever shorter ones, so that all are done at about the same time. */
void work(Job& job) {
  usize from = __atomic_load_n(&job.next, __ATOMIC_RELAXED);
  while (from < job.total) {
    const usize left = job.total - from;
    const usize share = left / (2 * job.threads) / job.least * job.least;
    const usize length = share < job.least ? job.least : share < job.most ? share : job.most;
    const usize to = length < left ? from + length : job.total;
    if (!__atomic_compare_exchange_n(&job.next, &from, to, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) continue;
    job.run(job.context, from, to);
    from = __atomic_load_n(&job.next, __ATOMIC_RELAXED);
  }
}

/** The first job that has something left to do and room for a helper. The mutex is held. */
Job* findJob() {
  for (Job* job = firstJob; job != nullptr; job = job->following) {
    if (job->room > 0 && __atomic_load_n(&job->next, __ATOMIC_RELAXED) < job->total) return job;
  }
  return nullptr;
}

/** Looking around keeps a processor busy: no more threads do it than there are processors beside the caller's. */
bool mayLook() {
  return static_cast<long>(__atomic_load_n(&lookers, __ATOMIC_RELAXED)) + 1 < processors;
}

void* help(void*) {
#if defined(__APPLE__)
  pthread_setname_np("nn-embedding");
#else
  pthread_setname_np(pthread_self(), "nn-embedding");
#endif
  pthread_mutex_lock(&mutex);
  for (;;) {
    if (Job* job = findJob()) {
      job->room--;
      __atomic_fetch_add(&job->helpers, 1, __ATOMIC_RELAXED);
      pthread_mutex_unlock(&mutex);
      work(*job);
      pthread_mutex_lock(&mutex);
      // From here on the job may be gone: its caller looks at `helpers` without the mutex.
      if (__atomic_sub_fetch(&job->helpers, 1, __ATOMIC_RELEASE) == 0 && waiters > 0) pthread_cond_broadcast(&finished);
      continue;
    }
    const usize seen = __atomic_load_n(&numPosted, __ATOMIC_RELAXED);
    if (mayLook()) {
      __atomic_fetch_add(&lookers, 1, __ATOMIC_RELAXED);
      pthread_mutex_unlock(&mutex);
      lookUntil(lookAround, [seen] { return __atomic_load_n(&numPosted, __ATOMIC_RELAXED) != seen; });
      pthread_mutex_lock(&mutex);
      __atomic_fetch_sub(&lookers, 1, __ATOMIC_RELAXED);
    }
    if (__atomic_load_n(&numPosted, __ATOMIC_RELAXED) != seen) continue;
    sleepers++;
    pthread_cond_wait(&posted, &mutex);
    sleepers--;
  }
}

/** One more thread for the pool, or none from now on where the system has no more. The mutex is held. */
void start() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, usize{1} << 20);
  // Signals are for the threads of Node.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  mayStart = pthread_create(&thread, &attributes, help, nullptr) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (mayStart) started++;
}

/** Puts a job into the list and calls as many threads as it has room for. */
void post(Job& job) {
  pthread_mutex_lock(&mutex);
  while (started < job.room && mayStart) start();
  job.following = firstJob;
  firstJob = &job;
  __atomic_fetch_add(&numPosted, 1, __ATOMIC_RELAXED);
  const usize looking = __atomic_load_n(&lookers, __ATOMIC_RELAXED);
  const usize wanted = job.room > looking ? job.room - looking : 0;
  const usize woken = wanted < sleepers ? wanted : sleepers;
  pthread_mutex_unlock(&mutex);
  for (usize i = 0; i < woken; i++) pthread_cond_signal(&posted);
}

/** Takes a job out of the list and waits for the helpers that are still in it. */
void finish(Job& job) {
  pthread_mutex_lock(&mutex);
  Job** link = &firstJob;
  while (*link != &job) link = &(*link)->following;
  *link = job.following;
  pthread_mutex_unlock(&mutex);
  const auto isAlone = [&job] { return __atomic_load_n(&job.helpers, __ATOMIC_ACQUIRE) == 0; };
  if (isAlone() || lookUntil(lookForHelpers, isAlone)) return;
  pthread_mutex_lock(&mutex);
  waiters++;
  while (!isAlone()) pthread_cond_wait(&finished, &mutex);
  waiters--;
  pthread_mutex_unlock(&mutex);
}

}  // namespace

usize numThreads() {
  const usize count = __atomic_load_n(&numThreadsOrNone, __ATOMIC_RELAXED);
  return count > 0 ? count : 1;
}

void setNumThreads(usize count) {
  __atomic_store_n(&numThreadsOrNone, count, __ATOMIC_RELAXED);
}

void setFirstNumThreads(usize count) {
  usize none = 0;
  __atomic_compare_exchange_n(&numThreadsOrNone, &none, count, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

void setSplitsAll(bool splits) {
  __atomic_store_n(&splitsAll, splits, __ATOMIC_RELAXED);
}

void splitWork(usize total, usize worthwhile, usize unit, Stretch run, const void* context) {
  const usize threads = numThreads();
  if (threads > 1 && __atomic_load_n(&splitsAll, __ATOMIC_RELAXED)) worthwhile = 0;
  if (threads < 2 || total / leastWorth < worthwhile || total <= unit) return run(context, 0, total);
  const usize least = worthwhile <= unit ? unit : (worthwhile + unit - 1) / unit * unit;
  const usize most = total / (threads * stretchesPerThread) / least * least;
  const usize others = (total - 1) / least;  // stretches beside the first, at most
  Job job = {run, context, total, least, most < least ? least : most, threads, 0, 0, others, nullptr};
  if (job.room > threads - 1) job.room = threads - 1;
  post(job);
  work(job);
  finish(job);
}

}  // namespace nn
