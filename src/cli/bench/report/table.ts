import { stripVTControlCharacters, styleText } from "node:util";
import Table from "cli-table3";

/** How a table is drawn. */
export interface Look {
  /** How many characters fit a line. */
  readonly columns: number;
  readonly colors: boolean;
  /** The implementation that a layer uses here unless told otherwise. */
  readonly chosen: string;
}

/** An empty table of this head, as all of the bench are drawn. */
export function newTable(
  look: Look,
  head: readonly string[],
  colAligns: ("left" | "right")[],
  padding = 1,
): Table.Table {
  return new Table({
    head: head.map((text) => paint(look, "bold", text)),
    style: { head: [], border: [], "padding-left": padding, "padding-right": 0, compact: true },
    colAligns,
    chars: rules,
  });
}

/** The table as text, without blanks at the ends of lines. */
export function drawn(table: Table.Table): string {
  return table.toString().replace(/ +$/gm, "");
}

/** Whether every line is short enough. */
export function fits(table: string, { columns }: Look): boolean {
  return table.split("\n").every((line) => stripVTControlCharacters(line).length <= columns);
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

/** The greatest unit in which the fastest has at least one whole digit. */
export function unitOfTime(seconds: number): { readonly name: string; readonly seconds: number } {
  const units = [
    { name: "s", seconds: 1 },
    { name: "ms", seconds: 1e-3 },
    { name: "µs", seconds: 1e-6 },
  ];
  return units.find((unit) => seconds >= unit.seconds) ?? { name: "ns", seconds: 1e-9 };
}

/** Three significant figures, but never fewer than the whole digits; of little fewer, but never none. */
export function figures(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString("en-US");
  if (value >= 100) return value.toFixed(0);
  if (value > 0 && value < 0.001) return value.toPrecision(1);
  return value.toFixed(value >= 10 ? 1 : value >= 0.1 ? 2 : 3);
}

/** The text in this format, where the look has colors. */
export function paint(look: Look, format: Parameters<typeof styleText>[0], text: string): string {
  return look.colors && text !== "" ? styleText(format, text) : text;
}

/** The text in lines of at most that many characters. */
export function wrap(text: string, columns: number): string[] {
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
