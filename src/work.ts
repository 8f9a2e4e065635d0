import type { Backend, Family, Kernels } from "./backend/backend.js";
import { type Call, makeCall } from "./backend/calls.js";
import { kernelsFor } from "./backend/select.js";

/**
 * Work that is written once and done in either of two ways, {@link now} or {@link later}: a generator of calls of some kernels. A list it
 * yields has been made, in order, when it goes on; what it looks at before that is not there yet. What kernels return is lost: indices are
 * checked before.
 */
export type Work<Result, Some extends Partial<Kernels>> = Generator<readonly Call<Some>[], Result, void>;

/** Does it at once. */
export function now<Result, Some extends Partial<Kernels>>(kernels: Some, work: Work<Result, Some>): Result {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    for (const call of value) makeCall(kernels, call);
  }
}

/** Work on fewer floats than this is done at once: a way off the event loop and back takes 20 to 60 microseconds. */
const hopCost = 16384;

/**
 * Does work that moves or multiplies this many floats off the event loop, where the backend has threads for it, else at once. It begins
 * before the call returns: what it reads until it first yields may change afterwards.
 */
export async function later<Result, Some extends Partial<Kernels>>(
  backend: Backend,
  family: Family<Some>,
  floats: number,
  work: Work<Result, Some>,
): Promise<Result> {
  if (backend.later === undefined || floats < hopCost) return now(kernelsFor(backend, family, floats), work);
  try {
    for (;;) {
      const { done, value } = work.next();
      if (done) return value;
      await backend.later(value);
    }
  } finally {
    work.return(undefined as Result); // where a call failed: what the generator took is given back
  }
}
