import { arch, cpus, loadavg, platform } from "node:os";
import process from "node:process";
import { stripVTControlCharacters, styleText } from "node:util";
import Table from "cli-table3";
import { describeShape, type Kernel, workOf } from "./cases.js";
import type { Result } from "./run.js";
import { spread } from "./statistics.js";

/** How a table is drawn. */
export interface Look {
  /** How many characters fit a line. */
  readonly columns: number;
  readonly colors: boolean;
  /** The implementation that a layer uses here unless told otherwise. */
  readonly chosen: string;
}

/** What is timed and what the figures mean, by kernel. */
const legends: Readonly<Record<Kernel, readonly string[]>> = {
  gather: [
    "Timed: Embedding.forward(Uint32Array, out), all its checks included. Plain JS: the same by hand without any check,",
    "by loop or by set, whichever is faster. GB/s: each float once read, once written; ids once read.",
  ],
  bags: [
    "Timed: EmbeddingBag.forward({ indices, bagSize }, out) with sums, all its checks included. Plain JS: the same loop by hand, no checks.",
    "GB/s: each float of a row and each id once read, each sum once written.",
  ],
  matmul: [
    "Timed: the kernel. The table of logits (^T) lies in the backend's memory, as a layer's does; else all matrices are the",
    "caller's. Plain JS: the textbook's loops by hand. GFLOP/s: 2mnk operations.",
  ],
  "scatter-add": [
    "Timed: the kernel, adding to a table in the backend's memory without clearing it. Plain JS: the same loop by hand, no checks.",
    "GB/s: each float of a gradient once read, of its row once read and once written; ids once read.",
  ],
  step: [
    "Timed: the kernel of SparseAdam on a table and averages in the backend's memory: the cost is that of the touched rows, whatever the",
    "table's size. Plain JS: the same by hand, in doubles. GB/s: each float of a gradient once read, of its row and averages read and written.",
  ],
};

/** One table: the results of one kernel. The columns that tell most about the least come last and go first when lines are short. */
export function formatTable(kernel: Kernel, results: readonly Result[], look: Look): string {
  const drawn = [
    drawTable(results, look, true, 1),
    drawTable(results, look, false, 1),
    drawTable(results, look, false, 0),
  ];
  const fits = (table: string): boolean =>
    table.split("\n").every((line) => stripVTControlCharacters(line).length <= look.columns);
  const legend = wrap([...legends[kernel], ...results.flatMap((result) => result.notes)].join(" "), look.columns);
  return [
    paint(look, "bold", kernel),
    drawn.find(fits) ?? drawn[drawn.length - 1],
    ...legend.map((line) => paint(look, "dim", line)),
  ].join("\n");
}

function drawTable(results: readonly Result[], look: Look, isWide: boolean, padding: number): string {
  const hasPeer = results.some((result) => result.rows.some((row) => row.timesOpenBlas !== undefined));
  const head = ["", "median", "spread", results[0].unit, "x plain JS"];
  if (hasPeer) head.push("x OpenBLAS");
  if (isWide) head.push("p10 … p90", "samples");
  const table = new Table({
    head: head.map((text) => paint(look, "bold", text)),
    style: { head: [], border: [], "padding-left": padding, "padding-right": 0, compact: true },
    colAligns: head.map((_, column) => (column === 0 ? "left" : "right")),
    chars: rules,
  });
  results.forEach((result, at) => {
    if (at > 0) table.push(head.map(() => ""));
    const { name, means } = result.case;
    const timeUnit = unitOfTime(Math.min(...result.rows.map((row) => row.median)));
    const empty = Array.from({ length: head.length - 3 - (isWide ? 2 : 0) }, () => "");
    table.push([
      paint(look, "bold", `${name}  ${describeShape(result.case)}`),
      paint(look, "dim", timeUnit.name),
      paint(look, "dim", "± %"),
      ...empty,
      ...(isWide ? [{ content: paint(look, "dim", means), colSpan: 2, hAlign: "right" as const }] : []),
    ]);
    for (const row of result.rows) {
      const time = (seconds: number): string => figures(seconds / timeUnit.seconds);
      const isChosen = row.label === look.chosen;
      const cells = [
        `${isChosen ? "*" : " "} ${row.label}`,
        time(row.median),
        (spread(row) * 100).toFixed(0),
        figures(row.rate),
        figures(row.timesPlain),
      ];
      if (hasPeer) cells.push(row.timesOpenBlas === undefined ? "" : figures(row.timesOpenBlas));
      if (isWide) cells.push(`${time(row.p10)} … ${time(row.p90)}`, String(row.samples));
      table.push(isChosen ? cells.map((cell) => paint(look, "green", cell)) : cells);
    }
  });
  return table.toString().replace(/ +$/gm, "");
}

/** The machine in one line: figures mean nothing without it. */
export function describeMachine(): string {
  const [cpu] = cpus();
  return `${cpu?.model.trim() || "unknown CPU"}, ${cpus().length} threads, ${platform()} ${arch()}, Node ${process.versions.node}`;
}

/** A warning when others want the processor too, or undefined. (Windows knows no load: it is 0 there.) */
export function describeLoad(): string | undefined {
  const [load] = loadavg();
  if (load < cpus().length / 2) return undefined;
  return `Others are at work on this machine (load ${load.toFixed(1)}): expect wide spreads, or wait.`;
}

/** Everything as one object, times in seconds per call. */
export function toJson(results: readonly Result[], chosen: string, peer?: string): object {
  return {
    machine: describeMachine(),
    load: loadavg()[0],
    chosen,
    ...(peer !== undefined && { peer }),
    cases: results.map((result) => {
      const { kernel, name, means, ...shape } = result.case;
      return {
        case: name,
        kernel,
        means,
        shape,
        // Bytes or operations per call.
        work: workOf(result.case).amount,
        unit: result.unit,
        rows: result.rows.map(({ label, ...row }) => ({ implementation: label, ...row, spread: spread(row) })),
        notes: result.notes,
      };
    }),
  };
}

/** The greatest unit in which the fastest has at least one whole digit. */
export function unitOfTime(seconds: number): { readonly name: string; readonly seconds: number } {
  const units = [
    { name: "s", seconds: 1 },
    { name: "ms", seconds: 1e-3 },
    { name: "µs", seconds: 1e-6 },
  ];
  return units.find((unit) => seconds >= unit.seconds) ?? { name: "ns", seconds: 1e-9 };
}

/** Three significant figures, but never fewer than the whole digits. */
export function figures(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString("en-US");
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : value >= 0.1 ? 2 : 3);
}

/** Rules above, below the head and at the end; between columns nothing but room. */
const rules: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      ...["top-mid", "top-left", "top-right", "bottom-mid", "bottom-left", "bottom-right"],
      ...["left", "left-mid", "right", "right-mid", "mid-mid"],
    ].map((place) => [place, ""]),
  ),
  middle: " ",
  ...{ top: "─", mid: "─", bottom: "─", "top-mid": "─", "mid-mid": "─", "bottom-mid": "─" },
};

function paint(look: Look, format: Parameters<typeof styleText>[0], text: string): string {
  return look.colors && text !== "" ? styleText(format, text) : text;
}

/** The text in lines of at most that many characters. */
function wrap(text: string, columns: number): string[] {
  const wrapped: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      wrapped.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...wrapped, line];
}
