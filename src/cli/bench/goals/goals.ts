import type { BackendName } from "../../../backend/backend.js";
import { allLogits } from "../families/lossMemory.js";
import type { PeerId } from "../peers/peers.js";
import type { Result, Row } from "../run.js";

/** What is compared with: the best of some peers, or something that was measured in the same run. */
export type Against =
  | readonly PeerId[]
  | "plain JS"
  | "the limit"
  | "one thread"
  | "all logits in memory"
  | "their memory";

/** What an implementation is to reach in a case. */
export interface Goal {
  /** The row of the short table. */
  readonly group: string;
  readonly case: string;
  readonly backend: Exclude<BackendName, "js">;
  readonly against: Against;
  /** At least so many times as fast; */
  readonly least?: number;
  /** or at most so many times the time, or the memory. */
  readonly most?: number;
}

/** What became of a goal. */
export interface Reached extends Goal {
  /** Undefined where what is compared with is not there. */
  readonly measured?: number | undefined;
  /** Which of the peers it was. */
  readonly whom?: string | undefined;
  readonly reached?: boolean | undefined;
}

const openBlas: Against = ["numpy"];
const torch: Against = ["torch"];
const web: Against = ["onnxruntime-web"];

/** The goals, in the order in which they are told. Ratios within one run, both at the same number of threads. */
export const goals: readonly Goal[] = [
  goal("G1", "G1", "native", "plain JS", { most: 1.5 }),
  goal("G1", "G1", "wasm", "plain JS", { most: 1.5 }),
  ...["G2a", "G2b", "G3u", "G3z", "G4"].flatMap((name) => [
    goal("gather", name, "native", ["torch", "numpy"], { least: 1.2 }),
    goal("gather", name, "native", "the limit", { most: 1.2 }),
    goal("gather", name, "wasm", web, { least: 2 }),
  ]),
  goal("M1", "M1", "native", openBlas, { least: 1.15 }),
  goal("M1", "M1", "native", ["onnxruntime-node"], { least: 1 }),
  goal("M1", "M1", "wasm", web, { least: 1.2 }),
  goal("M2", "M2", "native", openBlas, { least: 1.3 }),
  goal("M2", "M2", "native", "the limit", { most: 1.15 }),
  goal("M2", "M2", "wasm", web, { most: 1.1 }),
  ...["M3a", "M3b"].flatMap((name) => [
    goal("M3", name, "native", openBlas, { least: 0.97 }),
    goal("M3", name, "wasm", web, { least: 1.4 }),
  ]),
  ...Object.entries({ N2: 2.8, N4: 2.8, N8: 2.2, N16: 1.6, N32: 1.35 }).flatMap(([name, least]) => [
    goal("few rows", name, "native", openBlas, { least }),
    ...(name === "N4" ? [goal("few rows", name, "wasm", openBlas, { least: 1.8 })] : []),
  ]),
  goal("scatter-add", "S1", "native", torch, { least: 1.8 }),
  goal("scatter-add", "S1r", "native", torch, { least: 1.8 }),
  goal("scatter-add", "S2", "native", torch, { least: 5 }),
  goal("scatter-add", "S2r", "native", torch, { least: 5 }),
  goal("scatter-add", "S1r", "wasm", ["tfjs-wasm"], { least: 2 }),
  goal("scatter-add", "S2r", "wasm", ["tfjs-wasm"], { least: 2 }),
  goal("sparse", "S1s", "native", torch, { least: 1.3 }),
  goal("sparse", "S2s", "native", torch, { least: 3 }),
  goal("sparse", "S1s", "wasm", "plain JS", { least: 3 }),
  goal("sparse", "S2s", "wasm", "plain JS", { least: 3 }),
  goal("B1", "B1", "native", torch, { least: 1.2 }),
  goal("B1", "B1", "wasm", web, { least: 2.5 }),
  ...["M1", "M3a", "M3b", "G3u", "B1"].map((name) => goal("two threads", name, "native", "one thread", { least: 1.7 })),
  ...(["native", "wasm"] as const).flatMap((backend) => [
    goal("fused loss", "L1", backend, "all logits in memory", { most: 1.35 }),
    goal("fused loss", "L1", backend, "their memory", { most: 0.05 }),
  ]),
];

function goal(
  group: string,
  name: string,
  backend: Goal["backend"],
  against: Against,
  bound: Pick<Goal, "least" | "most">,
): Goal {
  return { group, case: name, backend, against, ...bound };
}

/** Cases whose goals look at plain JavaScript: elsewhere it would only take time. */
export function needsPlain(name: string): boolean {
  return goals.some((each) => each.case === name && each.against === "plain JS");
}

/** What a run says of a goal; `twoThreads` has how many times as fast ours were on two threads. */
export function judge(each: Goal, { rows, memory }: Pick<Result, "rows" | "memory">, twoThreads?: number): Reached {
  const ours = rows.find(
    ({ kind, label }) => kind === "ours" && label.startsWith(`${each.backend}:`) && !label.includes(","),
  );
  if (ours === undefined) return each;
  const times = (other: Row | undefined, whom?: string): Reached => {
    if (other === undefined) return each;
    // Which way round follows from how the goal is told.
    const measured = each.least !== undefined ? other.median / ours.median : ours.median / other.median;
    return finish(each, measured, whom);
  };
  const { against } = each;
  if (against === "the limit") return finish(each, ours.timesLimit);
  if (against === "one thread") return finish(each, twoThreads);
  if (against === "plain JS") return times(rows.find(({ kind }) => kind === "plain"));
  if (against === "all logits in memory") return times(rows.find(({ label }) => label === ours.label + allLogits));
  if (against === "their memory") {
    const [own, whole] = [memory?.[ours.label], memory?.[ours.label + allLogits]];
    return finish(each, own === undefined || whole === undefined ? undefined : own / whole);
  }
  const peers = rows.filter(({ peer }) => peer !== undefined && against.includes(peer as PeerId));
  const [best] = peers.toSorted((a, b) => a.median - b.median);
  return times(best, best?.label);
}

function finish(each: Goal, measured: number | undefined, whom?: string): Reached {
  if (measured === undefined) return each;
  const reached = each.least !== undefined ? measured >= each.least : measured <= (each.most ?? 0);
  return { ...each, measured, whom, reached };
}
