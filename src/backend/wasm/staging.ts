import type { Exports } from "./exports.js";
import type { Heap } from "./heap.js";
import { Room } from "./room.js";

/** How large the window is: matrix products gain little from more, and an isolate of 128 MB can spare it (ARCHITECTURE.md). */
export const defaultWindowBytes = 2 * 1024 * 1024;

/** Rows go through the first half MiB only: what a chunk leaves in the second-level cache is still there when it is carried on. */
const rowChunkFloats = 128 * 1024;

/**
 * What is needed to call a module's kernels over typed arrays from anywhere. Arguments at *home*, in the heap's memory, are passed by
 * pointer and cost nothing. Others are *staged*: carried through one fixed window in linear memory, chunk by chunk, so that a call needs
 * no more memory than the window and never grows it. Chunks end where the order of sums allows it: the bits do not depend on what is at home.
 *
 * The rows of a table that is not at home are touched once each, so carrying them in and back would cost more than the work: there the
 * specification does it where they lie.
 */
export interface Staging {
  readonly exports: Exports;
  readonly heap: Heap;
  /** The window. */
  readonly whole: Room;
  /** The front of it, for rows. */
  readonly rows: Room;
}

/** Reserves the window. */
export function makeStaging(exports: Exports, heap: Heap, windowBytes: number): Staging {
  const window = heap.reserve(windowBytes);
  const capacity = windowBytes >>> 2;
  const whole = new Room(heap, window, capacity);
  const rows = new Room(heap, window, Math.min(capacity, rowChunkFloats));
  return { exports, heap, whole, rows };
}
