import type { FamilyName } from "../case.js";
import { familyOf } from "../families/families.js";
import type { Plan, Result, Row } from "../run.js";
import { spread } from "../statistics.js";
import { drawn, figures, fits, type Look, newTable, paint, unitOfTime, wrap } from "./table.js";

/** One table: the results of one family. The columns that tell most about the least come last and go first when lines are short. */
export function formatTable(family: FamilyName, results: readonly Result[], look: Look): string {
  const timed = results.filter(({ rows }) => rows.length > 0);
  const notes = results.flatMap((result) => [...result.notes, ...describeMemory(result)]);
  const legend = wrap([familyOf(family).legend, ...new Set(notes)].join(" "), look.columns);
  const draw = (isWide: boolean, padding: number): string => drawTable(timed, look, isWide, padding);
  const drawn = timed.length === 0 ? [] : [draw(true, 1), draw(false, 1), draw(false, 0)];
  return [
    paint(look, "bold", family),
    ...(drawn.length > 0 ? [drawn.find((table) => fits(table, look)) ?? drawn[drawn.length - 1]] : []),
    ...legend.map((line) => paint(look, "dim", line)),
  ].join("\n");
}

/** The columns of ratios, each of which stands where a result has one: what the machine needs is never compared. */
const ratios = [
  ["x plain JS", "timesPlain"],
  ["x best peer", "timesPeer"],
  ["limit x", "timesLimit"],
] as const;

/** What the columns of ratios mean, in a line: those that a run has. */
export function describeRatios({ peers, limits }: Pick<Plan, "peers" | "limits">): string {
  const faster = peers === undefined ? "x plain JS" : "x plain JS, x best peer";
  return `${faster}: how many times as fast.${limits === undefined ? "" : " limit x: how many times the limit's time."}`;
}

function drawTable(results: readonly Result[], look: Look, isWide: boolean, padding: number): string {
  const told = ratios.filter(([, key]) => results.some(({ rows }) => rows.some((row) => row[key] !== undefined)));
  const { unit } = results[0].case.work;
  const head = [
    "",
    "median",
    "spread",
    unit,
    ...told.map(([title]) => title),
    ...(isWide ? ["p10 … p90", "samples"] : []),
  ];
  const table = newTable(
    look,
    head,
    head.map((_, column) => (column === 0 ? "left" : "right")),
    padding,
  );
  results.forEach(({ case: timedCase, rows }, at) => {
    if (at > 0) table.push(head.map(() => ""));
    const { name, means, shape } = timedCase;
    const timeUnit = unitOfTime(Math.min(...rows.filter(({ kind }) => kind !== "limit").map((row) => row.median)));
    table.push([
      paint(look, "bold", `${name}  ${shape}`),
      paint(look, "dim", timeUnit.name),
      paint(look, "dim", "± %"),
      "",
      ...told.map(() => ""),
      ...(isWide ? [{ content: paint(look, "dim", means), colSpan: 2, hAlign: "right" as const }] : []),
    ]);
    for (const row of rows) table.push(drawRow(row, timeUnit.seconds, told, look, isWide));
  });
  return drawn(table);
}

function drawRow(
  row: Row,
  timeUnit: number,
  told: readonly (typeof ratios)[number][],
  look: Look,
  isWide: boolean,
): string[] {
  const time = (seconds: number): string => figures(seconds / timeUnit);
  const isChosen = row.label === look.chosen;
  const cells = [
    `${isChosen ? "*" : " "} ${row.label}`,
    time(row.median),
    row.samples === 1 ? "–" : (spread(row) * 100).toFixed(0), // one sample says nothing of it
    figures(row.rate),
    ...told.map(([, key]) => (row.kind === "limit" || row[key] === undefined ? "" : figures(row[key]))),
    ...(isWide ? [`${time(row.p10)} … ${time(row.p90)}`, String(row.samples)] : []),
  ];
  if (isChosen) return cells.map((cell) => paint(look, "green", cell));
  return row.kind === "limit" ? cells.map((cell) => paint(look, "dim", cell)) : cells;
}

function describeMemory({ case: { name }, memory }: Result): string[] {
  const each = Object.entries(memory ?? {}).map(([label, bytes]) => `${label} ${(bytes / 1e6).toFixed(1)} MB`);
  return each.length === 0
    ? []
    : [`${name}: at its peak a call takes, beside what it is given and gives: ${each.join("; ")}.`];
}
