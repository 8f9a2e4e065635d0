import type { Saved } from "./saved.js";
import { drawn, figures, type Look, newTable, paint, unitOfTime, wrap } from "./table.js";

/** What became of one implementation in one case. */
export interface Change {
  readonly family: string;
  readonly case: string;
  readonly implementation: string;
  /** Seconds per call. */
  readonly before: number;
  readonly now: number;
  /** How many times as fast as before. */
  readonly times: number;
}

/** Those implementations and cases that are in both runs, of the same family and shape: a case of one's own is "custom" in all families. */
export function changes(before: Saved, now: Saved): Change[] {
  return now.cases.flatMap((each) => {
    const earlier = before.cases.find((other) =>
      (["family", "case", "shape"] as const).every((key) => other[key] === each[key]),
    );
    const { family } = each;
    return each.rows.flatMap(({ implementation, median }): Change[] => {
      const row = earlier?.rows.find((other) => other.implementation === implementation);
      if (row === undefined) return [];
      return [{ family, case: each.case, implementation, before: row.median, now: median, times: row.median / median }];
    });
  });
}

/** The changes as a table, with both machines: only what the limits and plain JavaScript say makes two runs comparable. */
export function formatChanges(before: Saved, now: Saved, look: Look): string {
  const all = changes(before, now);
  const told = [`then: ${before.machine}`, `now:  ${now.machine}`];
  if (before.threads !== now.threads) told.push(`then on ${before.threads} threads, now on ${now.threads}`);
  if (all.length === 0) return [...told, "No case of this run is in that one."].join("\n");
  const head = ["", "", "then", "now", "", "x as fast"];
  const table = newTable(look, head, ["left", "left", "right", "right", "left", "right"]);
  let last = "";
  for (const change of all) {
    const unit = unitOfTime(Math.min(change.before, change.now));
    const name = `${change.family} ${change.case}`;
    table.push([
      name === last ? "" : paint(look, "bold", name),
      change.implementation,
      figures(change.before / unit.seconds),
      figures(change.now / unit.seconds),
      unit.name,
      figures(change.times),
    ]);
    last = name;
  }
  const legend =
    "Two runs are comparable only as far as what did not change between them, plain JavaScript, peers and limits, took the same time in both.";
  return [
    paint(look, "bold", "against the saved run"),
    ...told,
    drawn(table),
    ...wrap(legend, look.columns).map((line) => paint(look, "dim", line)),
  ].join("\n");
}
