/** A piece of work for peers, told as data: each of them does it in a process of its own, with its own means. */
export interface Job {
  /** What peers know it by: a method of peer.py, an entry of tensorFlow.mjs, a plan of onnxJobs.ts. */
  readonly op: string;
  readonly sizes: Readonly<Record<string, unknown>>;
  readonly arrays: Readonly<Record<string, Float32Array | Uint32Array | Uint8Array>>;
  /** Places of the result that are looked at before anything is timed, what is expected there, and how far from it a value may be. */
  readonly places: readonly number[];
  readonly expected: ArrayLike<number>;
  /** Relative to the greatest of them: another order of sums differs by less, other work by far more. */
  readonly tolerance: number;
}

/** What is looked at of a result. */
export function lookAt(
  expected: Float32Array,
  places: readonly number[] = somePlaces(expected.length),
): Pick<Job, "places" | "expected"> {
  return { places, expected: places.map((place) => expected[place]) };
}

/** Another order of sums. */
export const otherOrder = 1e-4;

/** Up to `most` places of a result with that many values: the first, the last, and some evenly between. */
export function somePlaces(count: number, most = 4096): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: most }, (_, i) => Math.floor((i * (count - 1)) / (most - 1)));
}
