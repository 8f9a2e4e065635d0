import { readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { rangeError, show } from "../../../errors.js";
import { describeMachine } from "../machine.js";
import type { Result, Row } from "../run.js";
import { spread } from "../statistics.js";

/** A run as plain data, times in seconds per call: what --json prints and --save writes. */
export interface Saved {
  readonly machine: string;
  readonly load: number;
  readonly threads: number;
  readonly chosen: string;
  readonly peers: readonly string[];
  readonly cases: readonly SavedCase[];
}

export interface SavedCase {
  readonly case: string;
  readonly family: string;
  readonly means: string;
  readonly shape: string;
  readonly sizes: Readonly<Record<string, number | string>>;
  /** Bytes or operations per call. */
  readonly work: number;
  readonly unit: string;
  readonly rows: readonly SavedRow[];
  readonly notes: readonly string[];
  readonly memory?: Readonly<Record<string, number>>;
}

export type SavedRow = Omit<Row, "label"> & { readonly implementation: string; readonly spread: number };

/** Everything as one object. */
export function toSaved(
  results: readonly Result[],
  told: { readonly chosen: string; readonly threads: number; readonly peers: readonly string[] },
): Saved {
  return {
    machine: describeMachine(),
    load: loadavg()[0],
    ...told,
    cases: results.map(({ case: { name, family, means, shape, sizes, work }, rows, notes, memory }) => ({
      case: name,
      family,
      means,
      shape,
      sizes,
      work: work.amount,
      unit: work.unit,
      rows: rows.map(({ label, ...row }) => ({ implementation: label, ...row, spread: spread(row) })),
      notes,
      ...(memory && { memory }),
    })),
  };
}

/** @throws RangeError [ERR_OUT_OF_RANGE] when the file cannot be written. */
export function writeSaved(path: string, saved: Saved): void {
  try {
    writeFileSync(path, `${JSON.stringify(saved, null, 2)}\n`);
  } catch (error) {
    throw rangeError(
      "ERR_OUT_OF_RANGE",
      `--save is ${show(path)}, expected a file to write: ${(error as Error).message}`,
    );
  }
}

/**
 * A run that --save wrote.
 *
 * @throws RangeError [ERR_OUT_OF_RANGE] when the file cannot be read, [ERR_INVALID_CHECKPOINT] when it is something else.
 */
export function readSaved(path: string): Saved {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw rangeError(
      "ERR_OUT_OF_RANGE",
      `--compare is ${show(path)}, expected a file to read: ${(error as Error).message}`,
    );
  }
  const wrong = (what: string): Error =>
    rangeError("ERR_INVALID_CHECKPOINT", `--compare is ${show(path)}, with ${what}, expected a run that --save wrote`);
  let saved: Partial<Saved> | null;
  try {
    saved = JSON.parse(text);
  } catch {
    throw wrong("no JSON");
  }
  if (typeof saved?.machine !== "string") throw wrong("no machine");
  if (!Array.isArray(saved.cases)) throw wrong("no cases");
  for (const each of saved.cases as Partial<SavedCase>[]) {
    if (typeof each?.case !== "string" || !Array.isArray(each.rows)) throw wrong("a case without a name or rows");
    for (const row of each.rows as (Partial<SavedRow> | null)[]) {
      if (typeof row?.implementation === "string" && Number.isFinite(row.median) && row.median! > 0) continue;
      throw wrong(`a row of ${each.case} without an implementation or a median`);
    }
  }
  if (!Number.isInteger(saved.threads)) throw wrong("no threads");
  return saved as Saved;
}
