import { figures } from "../report/table.js";
import type { Result, Row } from "../run.js";
import { colorOf, colors, config } from "./chartColors.js";
import type { Chart } from "./draw.js";

/** One bar: how many times as fast as what stands at 1. */
export interface Bar {
  readonly label: string;
  readonly times: number;
  readonly color: string;
  readonly told: string;
}

/** Ours and the peers'; without those that nobody chooses where better ones run. */
export function barsOf(rows: readonly Row[], key: "timesPlain" | "timesPeer"): Bar[] {
  return rows.flatMap((row): Bar[] => {
    const times = row[key];
    if (times === undefined || row.kind === "limit" || row.kind === "plain") return [];
    if (/:(scalar|baseline)$/.test(row.label) && rows.some(({ label }) => /:(simd|avx2|neon)$/.test(label))) return [];
    return [
      { label: row.label, times: Math.max(times, leastTimes), color: colorOf(row.label), told: `${describe(times)}x` },
    ];
  });
}

const describe = (times: number): string =>
  times < 0.1 ? String(Number(times.toPrecision(times < 0.001 ? 1 : 2))) : figures(times);

const panelWidth = 330;
const barHeight = 14;
const namesWidth = 180;

/** What is slower than this has a bar of this length, and its figure. */
const leastTimes = 0.01;

/** The ratios of a run as horizontal bars from 1 on, to the right faster and to the left slower: against plain JavaScript, and the best peer. */
export function ratioChart(results: readonly Result[], machine: string): Chart {
  const panels = (
    [
      ["timesPlain", "times as fast as plain JavaScript"],
      ["timesPeer", "times as fast as the best peer"],
    ] as const
  ).flatMap(([key, title]) => {
    const bars = results.flatMap(({ rows }) => barsOf(rows, key));
    return bars.length === 0 ? [] : [{ key, title, domain: domainOf(bars.map(({ times }) => times)) }];
  });
  const told = results.filter(({ rows }) => panels.some(({ key }) => barsOf(rows, key).length > 0));
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    config,
    title: {
      text: "nn-embedding bench",
      subtitle: [machine, "Medians of one run, all in turns; a logarithmic axis, longer to the right is faster."],
      fontSize: 18,
      offset: 18,
    },
    spacing: 14,
    vconcat: told.map(({ case: { family, name, shape }, rows }, at) => ({
      spacing: 64,
      bounds: "flush",
      hconcat: panels.map(({ key, title, domain }, panel) => {
        const bars = barsOf(rows, key);
        const axis = at === told.length - 1 ? { title, labels: true } : { title: null, labels: false };
        const heading = panel === 0 ? { text: `${family} ${name}`, subtitle: shape } : { text: " ", subtitle: " " };
        const heads = { ...heading, offset: 4, subtitlePadding: 2, frame: "group", dx: panel === 0 ? -namesWidth : 0 };
        return { title: heads, ...panelOf(bars, domain, axis, panel === 0) };
      }),
    })),
  };
}

function panelOf(
  bars: readonly Bar[],
  domain: readonly [number, number],
  axis: { readonly title: string | null; readonly labels: boolean },
  hasNames: boolean,
): Chart {
  const x = {
    field: "times",
    type: "quantitative",
    scale: { type: "log", domain, nice: false },
    axis: { ...axis, values: powersIn(domain), format: "~g", labelExpr: "datum.label + 'x'" },
  };
  const y = {
    field: "label",
    type: "nominal",
    sort: null,
    axis: hasNames
      ? {
          title: null,
          labelColor: colors.text,
          labelLimit: 190,
          minExtent: namesWidth,
          maxExtent: namesWidth,
          labelPadding: 8,
        }
      : null,
  };
  const side = (isFaster: boolean) => ({
    transform: [{ filter: isFaster ? "datum.times >= 1" : "datum.times < 1" }],
    mark: { type: "text", align: isFaster ? "left" : "right", dx: isFaster ? 4 : -4 },
    encoding: { x, y, text: { field: "told" } },
  });
  return {
    width: panelWidth,
    height: { step: barHeight },
    data: { values: bars },
    layer: [
      {
        mark: { type: "bar", height: barHeight - 4, cornerRadiusEnd: 2 },
        encoding: { x, x2: { datum: 1 }, y, color: { field: "color", type: "nominal", scale: null } },
      },
      {
        mark: { type: "rule", color: colors.line },
        encoding: { x: { datum: 1, type: "quantitative", scale: x.scale } },
      },
      side(true),
      side(false),
    ],
  };
}

/** From a little below the least to so far above the greatest that its figure has room; 1 is inside. */
export function domainOf(times: readonly number[]): [number, number] {
  const least = Math.min(1, ...times);
  const greatest = Math.max(1, ...times);
  const room = (greatest / least) ** 0.16;
  return [least < 1 ? least / room : 0.9, Math.max(greatest * room, 2)];
}

/** The powers of ten inside. */
function powersIn([least, greatest]: readonly [number, number]): number[] {
  const first = Math.ceil(Math.log10(least) - 1e-9);
  const last = Math.floor(Math.log10(greatest) + 1e-9);
  const powers = Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
  if (powers.length > 2) return powers;
  const finer = powers.flatMap((power) => [power / 5, power / 2, power, power * 2, power * 5]);
  return [...new Set(finer)].filter((value) => value >= least && value <= greatest);
}
