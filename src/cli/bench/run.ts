import { freemem } from "node:os";
import type { Backend, Limits } from "../../backend/backend.js";
import { rangeError } from "../../errors.js";
import type { Case, Prepared } from "./case.js";
import { type Effort, measure, type Task, type Timing } from "./measure.js";
import { copiesOf, type Peers } from "./peers/peers.js";

/** One line of a table: how an implementation did. */
export interface Row extends Timing {
  readonly kind: "ours" | "plain" | "peer" | "limit";
  /** What the peer is called, such as "torch". */
  readonly peer?: string;
  /** GB/s or GFLOP/s, by the median. */
  readonly rate: number;
  /** How many times as fast as plain JavaScript, where that took part; 1 is plain JavaScript itself. */
  readonly timesPlain?: number;
  /** How many times as fast as the fastest of the peers, where one took part. */
  readonly timesPeer?: number;
  /** How many times what the machine needs at least, where that was measured. */
  readonly timesLimit?: number;
}

/** What came of a case. */
export interface Result {
  readonly case: Case;
  /** The implementations best first, then plain JavaScript, the peers and what the machine can do. */
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
  readonly memory?: Readonly<Record<string, number>> | undefined;
}

/** How cases are run. */
export interface Plan {
  readonly implementations: readonly Backend[];
  readonly effort: Effort;
  readonly threads: number;
  /** Whether plain JavaScript takes part. */
  readonly plain: boolean;
  readonly limits?: Limits | undefined;
  readonly peers?: Peers | undefined;
  /** Those of them who are asked; all without it. */
  readonly peerIds?: readonly string[] | undefined;
}

/**
 * Prepares, verifies and times one case.
 *
 * @throws RangeError [ERR_OUT_OF_MEMORY] when its tables do not fit the free memory.
 */
export async function runCase(timedCase: Case, plan: Plan): Promise<Result> {
  checkMemory(timedCase, plan, freemem());
  const prepared = timedCase.prepare(plan.implementations, plan);
  try {
    const peers = prepared.job ? await plan.peers?.load(timedCase.name, prepared.job, plan.peerIds) : undefined;
    const names = new Map(peers?.map(({ peer, task }) => [task.label, peer.id]));
    const tasks: Task[] = [...prepared.tasks, ...(peers ?? []).map(({ task }) => task)];
    const timings = await measure(tasks, plan.effort);
    const { notes, memory } = prepared;
    return { case: timedCase, rows: compare(timedCase, timings, prepared, names), notes, memory };
  } finally {
    prepared.dispose();
  }
}

/** @throws RangeError [ERR_OUT_OF_MEMORY] when what the case and the peers hold does not fit the free memory. */
export function checkMemory(
  timedCase: Case,
  { implementations, peers, peerIds }: Pick<Plan, "implementations" | "peers" | "peerIds">,
  freeBytes: number,
): void {
  const asked = (peers?.all ?? []).filter(({ id }) => peerIds?.includes(id) ?? true);
  const copies = asked.reduce((sum, { id }) => sum + copiesOf(id), 0);
  const needed = timedCase.bytes(implementations) + copies * timedCase.bytes([]);
  if (needed <= freeBytes) return;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  throw rangeError(
    "ERR_OUT_OF_MEMORY",
    `${timedCase.name} (${timedCase.shape}) is ${gigabytes(needed)} in all its tables, expected no more than the free ${gigabytes(freeBytes)}; --backend makes fewer tables`,
  );
}

/** The ratios. Of several ways to write it by hand only the fastest counts and is shown. */
export function compare(
  { work }: Pick<Case, "work">,
  timings: readonly Timing[],
  { plain, limits }: Pick<Prepared, "plain" | "limits">,
  peers: ReadonlyMap<string, string> = new Map(),
): Row[] {
  const fastest = (some: readonly Timing[]): Timing | undefined => some.toSorted((a, b) => a.median - b.median)[0];
  const baseline = fastest(timings.filter(({ label }) => plain.includes(label)));
  const best = fastest(timings.filter(({ label }) => peers.has(label)));
  // The machine needs as long as its slowest part does.
  const bounds = timings.filter(({ label }) => limits.includes(label)).map(({ median }) => median);
  const kinds = ["ours", "plain", "peer", "limit"] as const;
  const kindOf = (label: string): Row["kind"] => {
    if (peers.has(label)) return "peer";
    return plain.includes(label) ? "plain" : limits.includes(label) ? "limit" : "ours";
  };
  return timings
    .map((timing): Row => {
      const peer = peers.get(timing.label);
      return {
        ...timing,
        kind: kindOf(timing.label),
        ...(peer !== undefined && { peer }),
        rate: work.amount / timing.median / 1e9,
        ...(baseline && { timesPlain: baseline.median / timing.median }),
        ...(best && { timesPeer: best.median / timing.median }),
        ...(bounds.length > 0 && { timesLimit: timing.median / Math.max(...bounds) }),
      };
    })
    .filter(({ kind, label }) => kind !== "plain" || label === baseline?.label)
    .sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind));
}
