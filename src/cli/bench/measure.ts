import { setTimeout as sleep } from "node:timers/promises";
import { type Summary, summarize } from "./statistics.js";

/** One of those that are compared. */
export interface Task {
  readonly label: string;
  /** Does the work this many times and says how many seconds that took. */
  sample(calls: number): number | Promise<number>;
  /** Seconds that a first call took, where there was one. */
  readonly firstCallSeconds?: number;
}

/** How much is spent on a case. */
export interface Effort {
  /** On each task before anything counts: compilers of JavaScript need it. */
  readonly warmUpSeconds: number;
  /** The least that a sample lasts: short calls are repeated. */
  readonly sampleSeconds: number;
  /** On all samples of all tasks of the case, roughly. */
  readonly budgetSeconds: number;
  /** The fewest and the most samples of a task. */
  readonly fewest: number;
  readonly most: number;
}

export const fullEffort: Effort = { warmUpSeconds: 0.1, sampleSeconds: 0.005, budgetSeconds: 7, fewest: 3, most: 31 };
export const quickEffort: Effort = {
  warmUpSeconds: 0.01,
  sampleSeconds: 0.001,
  budgetSeconds: 0.5,
  fewest: 1,
  most: 5,
};

/** A shorter call than this is made once, untimed, before its sample: the others have used the caches since. */
const cheapSeconds = 0.05;

/**
 * Milliseconds of rest before a sample. On a busy machine the scheduler favors who has just slept: a peer in a process of its own sleeps
 * while the others are timed, and would else be interrupted less than they.
 */
const restMilliseconds = 5;

/** A longer call than this needs no warm-up but its first call, and twice is enough. */
const slowSeconds = 1;

/** What came of one task: seconds per call. */
export interface Timing extends Summary {
  readonly label: string;
  /** Calls per sample. */
  readonly calls: number;
}

/**
 * Times the tasks in turns, so that what slows the machine down for a while slows all of them down: compare figures only within one run.
 *
 * Every task has the same share of the budget. A round times each task once, each round beginning with another one; a task whose share
 * is used up by few samples takes part in rounds evenly spread over the run.
 */
export async function measure(tasks: readonly Task[], effort: Effort): Promise<Timing[]> {
  const share = effort.budgetSeconds / tasks.length;
  const runs: { task: Task; calls: number; isCheap: boolean; turns: number; samples: number[] }[] = [];
  for (const task of tasks) {
    const { firstCallSeconds = 0 } = task;
    const seconds = firstCallSeconds > slowSeconds ? firstCallSeconds : await warmUp(task, effort);
    const calls = Math.max(1, Math.round(effort.sampleSeconds / seconds));
    const isCheap = seconds < cheapSeconds;
    const whole = seconds * (calls + (isCheap ? 1 : 0));
    const fewest = seconds > slowSeconds ? Math.min(2, effort.fewest) : effort.fewest;
    const turns = Math.min(effort.most, Math.max(fewest, Math.floor(share / whole)));
    runs.push({ task, calls, isCheap, turns, samples: [] });
  }

  const rounds = Math.max(...runs.map((run) => run.turns));
  for (let round = 0; round < rounds; round++) {
    for (let place = 0; place < runs.length; place++) {
      const { task, calls, isCheap, turns, samples } = runs[(place + round) % runs.length];
      if (!takesPart(round, turns, rounds)) continue;
      await sleep(restMilliseconds);
      if (isCheap) await task.sample(1);
      samples.push((await task.sample(calls)) / calls);
    }
  }
  return runs.map(({ task, calls, samples }) => ({ label: task.label, calls, ...summarize(samples) }));
}

/** Work as a task's `sample`: `run` makes that many calls. */
export function timed(run: (calls: number) => void): (calls: number) => number {
  return (calls) => {
    const start = performance.now();
    run(calls);
    return (performance.now() - start) / 1000;
  };
}

/** Whether this is one of the `turns` rounds, evenly spread over all. */
export function takesPart(round: number, turns: number, rounds: number): boolean {
  return Math.floor(((round + 1) * turns) / rounds) > Math.floor((round * turns) / rounds);
}

/** Calls until the time is up, and says how long one takes by now. */
async function warmUp(task: Task, effort: Effort): Promise<number> {
  let total = 0;
  for (let calls = 1; ; calls *= 2) {
    const seconds = await task.sample(calls);
    total += seconds;
    if (total >= effort.warmUpSeconds) return seconds / calls;
  }
}
