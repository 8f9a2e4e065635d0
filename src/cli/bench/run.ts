import { freemem } from "node:os";
import type { Backend } from "../../backend/backend.js";
import { type Case, checkMemory, workOf } from "./cases.js";
import { type Effort, measure, type Timing } from "./measure.js";
import type { OpenBlas } from "./openblas.js";
import { countTables, prepare } from "./prepare.js";

/** One line of a table: how an implementation did. */
export interface Row extends Timing {
  /** GB/s or GFLOP/s, by the median. */
  readonly rate: number;
  /** How many times as fast as plain JavaScript; 1 is plain JavaScript itself. */
  readonly timesPlain: number;
  /** How many times as fast as OpenBLAS, where that took part. */
  readonly timesOpenBlas?: number;
}

/** What came of a case. */
export interface Result {
  readonly case: Case;
  readonly unit: "GB/s" | "GFLOP/s";
  /** The implementations best first, then plain JavaScript, then the peer. */
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

/** Prepares, verifies and times one case. */
export async function runCase(
  timedCase: Case,
  implementations: readonly Backend[],
  effort: Effort,
  peer?: OpenBlas,
): Promise<Result> {
  checkMemory(timedCase, countTables(timedCase, implementations), freemem());
  const prepared = prepare(timedCase, implementations);
  try {
    const tasks = [...prepared.tasks];
    const { product } = prepared;
    if (peer && product && timedCase.kernel === "matmul") {
      tasks.push(await peer.load(timedCase, product.a, product.b, product.sample));
    }
    const timings = await measure(tasks, effort);
    return { case: timedCase, notes: prepared.notes, ...compare(timedCase, timings, prepared.plain, peer?.name) };
  } finally {
    prepared.dispose();
  }
}

/** The ratios. Of several ways to write it by hand only the fastest counts and is shown. */
export function compare(
  timedCase: Case,
  timings: readonly Timing[],
  plain: readonly string[],
  peerName?: string,
): Pick<Result, "unit" | "rows"> {
  const { amount, unit } = workOf(timedCase);
  const [baseline] = timings.filter(({ label }) => plain.includes(label)).sort((a, b) => a.median - b.median);
  const openBlas = timings.find(({ label }) => label === peerName);
  const rows = timings
    .filter((timing) => timing === baseline || !plain.includes(timing.label))
    .map(
      (timing): Row => ({
        ...timing,
        rate: amount / timing.median / 1e9,
        timesPlain: baseline.median / timing.median,
        ...(openBlas && { timesOpenBlas: openBlas.median / timing.median }),
      }),
    );
  return { unit, rows };
}
