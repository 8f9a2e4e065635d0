import * as publicNames from "../../index.js";

/** What a build with threads exports. */
interface Threads {
  setNumThreads?(count: number): void;
}

/** Tells ours how many threads to use; false where they know of one only. */
export function setThreads(count: number): boolean {
  const { setNumThreads } = publicNames as Threads;
  setNumThreads?.(count);
  return setNumThreads !== undefined;
}
