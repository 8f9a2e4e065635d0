import { openNative } from "#native";
import { checkWhole } from "../check.js";
import { rangeError, show } from "../errors.js";
import { maxThreads } from "./backend.js";
import { readEnvironment } from "./environment.js";

/** The environment variable that says how many threads calls use unless told otherwise. */
export const threadsVariable = "NN_EMBEDDING_THREADS";

/** What {@link setNumThreads} was told. */
let told: number | undefined;

/** Whether the native threads know how many they are. Until the addon is opened they do not. */
let isSettled = false;

/**
 * How many threads a call of the native backend may use, the calling one among them. Unless {@link setNumThreads} said otherwise it is
 * what the environment variable NN_EMBEDDING_THREADS says, or else what the machine has. 1 where no native backend works.
 *
 * @throws RangeError [ERR_OUT_OF_RANGE] when NN_EMBEDDING_THREADS is no integer in [1, 256].
 * @example
 * import { getNumThreads } from "nn-embedding";
 * getNumThreads() >= 1; // => true
 */
export function getNumThreads(): number {
  settleThreads();
  return openNative().threads?.getNumThreads() ?? 1;
}

/**
 * Lets calls of the native backend use so many threads, the calling one among them: the whole process, worker threads included, from the
 * next call on. More than one work on a call only when it has enough to do to become faster by it. Results have the same bits
 * whatever the number. Where no native backend works nothing changes.
 *
 * @param numThreads An integer in [1, 256]. What is more than the machine has makes nothing faster.
 * @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE]
 * @example
 * import { setNumThreads } from "nn-embedding";
 * setNumThreads(1); // all work on the thread that calls
 */
export function setNumThreads(numThreads: number): void {
  checkWhole("numThreads", numThreads, 1, maxThreads);
  told = numThreads;
  const { threads } = openNative();
  threads?.setNumThreads(numThreads);
  isSettled = threads !== undefined;
}

/** @internal Takes the number from the environment or the machine, once there are threads, unless somebody of this process said already. */
export function settleThreads(): void {
  if (isSettled) return;
  const { threads } = openNative();
  const asked = told ?? askedFor() ?? Math.min(threads?.available ?? 1, maxThreads);
  if (told === undefined) threads?.setFirstNumThreads(asked);
  else threads?.setNumThreads(asked);
  isSettled = threads !== undefined;
}

/** What NN_EMBEDDING_THREADS says; undefined where it says nothing. */
function askedFor(): number | undefined {
  const text = readEnvironment(threadsVariable);
  if (text === undefined) return undefined;
  const wanted = Number(text);
  if (/^\d+$/.test(text) && wanted >= 1 && wanted <= maxThreads) return wanted;
  throw rangeError(
    "ERR_OUT_OF_RANGE",
    `${threadsVariable} is ${show(text)}, expected an integer in [1, ${maxThreads}]`,
  );
}
