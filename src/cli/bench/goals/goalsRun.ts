import type { Backend } from "../../../backend/backend.js";
import { implementationName } from "../../../backend/select.js";
import { setNumThreads } from "../../../backend/threads.js";
import type { Case } from "../case.js";
import { standardCases } from "../families/families.js";
import { type Effort, fullEffort, measure } from "../measure.js";
import type { Peers } from "../peers/peers.js";
import { type Plan, type Result, runCase } from "../run.js";
import { goals, judge, needsPlain, type Reached } from "./goals.js";

/** A little less than a case of its own gets: there are many. */
export const goalsEffort: Effort = { ...fullEffort, budgetSeconds: 5 };

/** The cases that goals are about, in their order. */
export function goalCases(): Case[] {
  const names = new Set(goals.map((each) => each.case));
  return standardCases.filter(({ name }) => names.has(name));
}

/** Runs a case as its goals want it, and judges them. */
export async function runGoals(
  timedCase: Case,
  { implementations, limits, effort }: Pick<Plan, "implementations" | "limits" | "effort">,
  peers: Peers | undefined,
): Promise<{ readonly result: Result; readonly reached: readonly Reached[] }> {
  const own = goals.filter((each) => each.case === timedCase.name);
  const peerIds = own.flatMap(({ against }) => (typeof against === "string" ? [] : against));
  const plain = needsPlain(timedCase.name);
  const plan = { implementations, limits, effort, peers, peerIds: [...new Set(peerIds)], threads: 1, plain };
  const result = await runCase(timedCase, plan);
  const native = implementations.find(({ name }) => name === "native");
  const both = own.some(({ against }) => against === "one thread") && native !== undefined;
  const twoThreads = both ? await timesOnTwo(timedCase, native, effort) : undefined;
  return { result, reached: own.map((each) => judge(each, result, twoThreads)) };
}

/** How many times as fast an implementation is on two threads, one and two in turns. */
export async function timesOnTwo(timedCase: Case, backend: Backend, effort: Effort): Promise<number> {
  setNumThreads(1);
  const prepared = timedCase.prepare([backend], { plain: false, threads: 1 });
  try {
    const [task] = prepared.tasks.filter(({ label }) => label === implementationName(backend));
    const on = (threads: number) => ({
      ...task,
      label: String(threads),
      sample: async (calls: number): Promise<number> => {
        setNumThreads(threads);
        const seconds = await task.sample(calls);
        setNumThreads(1);
        return seconds;
      },
    });
    const [one, two] = await measure([on(1), on(2)], { ...effort, budgetSeconds: effort.budgetSeconds / 2 });
    return one.median / two.median;
  } finally {
    setNumThreads(1);
    prepared.dispose();
  }
}
