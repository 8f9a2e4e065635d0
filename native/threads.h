/**
 * Threads that help a kernel: one pool for the process, shared by every instance of the addon and by all who call at
 * once (JavaScript's main thread, worker threads, threads that run calls off the event loop).
 */
#pragma once

#include "kernels.h"

namespace nn {

constexpr usize maxThreads = 256;

/** How many threads a call may use, the caller among them. 1 until somebody says. */
usize numThreads();

/** count is in [1, maxThreads]. Calls that are under way go on as they began. */
void setNumThreads(usize count);

/** As setNumThreads, unless somebody said already. */
void setFirstNumThreads(usize count);

/** For tests: work is split however little it is. */
void setSplitsAll(bool splitsAll);

/** Does the items [from, to) of the work that context describes. */
using Stretch = void (*)(const void* context, usize from, usize to);

/**
 * Calls run for stretches that together are [0, total), on this thread and others, and returns when all of them are
 * done. `worthwhile` items are worth being handed to another thread; below four times as many all is one stretch on
 * this one. Stretches begin at multiples of unit.
 */
void splitWork(usize total, usize worthwhile, usize unit, Stretch run, const void* context);

}  // namespace nn
