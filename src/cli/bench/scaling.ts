import { type Case, count } from "./case.js";
import { colorOf, colors, config } from "./chart/chartColors.js";
import type { Chart } from "./chart/draw.js";
import { bagsCase } from "./families/bags.js";
import { gatherCase } from "./families/gather.js";
import { productCase } from "./families/matmul.js";
import { scatterCase } from "./families/scatterAdd.js";
import { drawn, figures, fits, type Look, newTable, paint } from "./report/table.js";
import type { Result } from "./run.js";

/** What grows. */
export const axes = ["rows", "batch", "threads"] as const;
export type Axis = (typeof axes)[number];

/** The work that is looked at while something grows. */
export const growing = ["gather", "scatter-add", "matmul", "bags"] as const;
export type Growing = (typeof growing)[number];

/** One point of a curve: a case, at so many threads. */
export interface Point {
  readonly what: Growing;
  readonly axis: Axis;
  /** Rows, batch or threads: where the point lies. */
  readonly at: number;
  readonly case: Case;
  readonly threads: number;
}

/** Rows are short, so that it is the way to them that shows. */
const dim = 16;
const rows = 1_000_000;
const batch = 65_536;
const fewRows = 10_000;

/** The case of so many rows and ids; a bag has 32 ids, so there are fewer of them, and a product has fewer rows against more states. */
function caseOf(what: Growing, rows: number, batch: number): Case {
  const name = `${what} ${rows} ${batch}`;
  if (what === "gather") return gatherCase("gather", name, "", { rows, dim, batch, ids: "uniform" });
  if (what === "scatter-add") return scatterCase(name, "", { rows, dim, batch, ids: "uniform", to: "kernel" });
  if (what === "bags")
    return bagsCase(name, "", { rows, dim, batch: Math.ceil(batch / 32), ids: "uniform", mode: "sum" });
  return productCase(name, "", { layout: "NT", m: batch, n: rows, k: 64 });
}

const powers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));

/** All points, curve by curve. */
export function scalingPoints(numThreads: number, isQuick: boolean): Point[] {
  const fewer = isQuick ? 2 : 0;
  return growing.flatMap((what): Point[] => {
    const isProduct = what === "matmul";
    const point = (axis: Axis, at: number, ownRows: number, ownBatch: number, threads = 1): Point => {
      return { what, axis, at, threads, case: caseOf(what, ownRows, ownBatch) };
    };
    const overRows = powers(3, (isProduct ? 6 : 7) - fewer).map((at) => point("rows", at, at, isProduct ? 8 : batch));
    const ownRows = isProduct ? fewRows : isQuick ? 10_000 : rows;
    const batches = isProduct ? [1, 4, 16, 64, 256].slice(0, 5 - fewer) : powers(2, 6 - fewer);
    const overBatch = batches.map((at) => point("batch", at, ownRows, at));
    const threads = Array.from({ length: numThreads }, (_, i) => i + 1);
    const usual = isProduct ? 64 : isQuick ? 4096 : batch;
    const overThreads = numThreads === 1 ? [] : threads.map((at) => point("threads", at, ownRows, usual, at));
    return [...overRows, ...overBatch, ...overThreads];
  });
}

/** A point and what came of it. */
export interface Grown {
  readonly point: Point;
  readonly result: Result;
}

const curvesOf = (grown: readonly Grown[]): { what: Growing; axis: Axis; points: Grown[] }[] =>
  growing.flatMap((what) =>
    axes.flatMap((axis) => {
      const points = grown.filter(({ point }) => point.what === what && point.axis === axis);
      return points.length === 0 ? [] : [{ what, axis, points }];
    }),
  );

const labelsOf = (grown: readonly Grown[]): string[] => {
  const labels = grown.flatMap(({ result }) =>
    result.rows.filter(({ kind }) => kind !== "limit").map(({ label }) => label),
  );
  return [...new Set(labels.map(oneName))];
};

/** Plain JavaScript is one, whichever way was the fastest. */
const oneName = (label: string): string => (label.startsWith("plain JS") ? "plain JS" : label);

const title = (axis: Axis, what: Growing): string =>
  ({ rows: "rows of the table", batch: what === "matmul" ? "hidden states" : "ids", threads: "threads" })[axis];

function drawLines([head, ...lines]: readonly (readonly string[])[], look: Look): string {
  const table = newTable(
    look,
    head,
    head.map(() => "right"),
  );
  for (const line of lines) table.push([...line]);
  return drawn(table);
}

function transposed(lines: readonly (readonly string[])[]): string[][] {
  return lines[0].map((_, column) => lines.map((line) => line[column]));
}

/** A table for each kind of work: rates, the further down the more there is; or the further to the right, where that is too wide. */
export function formatScaling(grown: readonly Grown[], look: Look): string {
  const tables = curvesOf(grown).map(({ what, axis, points }) => {
    const labels = labelsOf(points);
    const { unit } = points[0].result.case.work;
    const head = [title(axis, what), ...labels];
    const lines = points.map(({ point, result }) => {
      const rateOf = (label: string): string => {
        const row = result.rows.find((each) => oneName(each.label) === label);
        return row === undefined ? "–" : figures(row.rate);
      };
      return [count(point.at), ...labels.map(rateOf)];
    });
    // Many peers beside few points are read down the page.
    const upright = drawLines([head, ...lines], look);
    const table = fits(upright, look) ? upright : drawLines(transposed([head, ...lines]), look);
    const shape = points[0].result.case.shape;
    return `${paint(look, "bold", `${what}, ${unit}`)}  ${paint(look, "dim", `from ${shape} on`)}\n${table}`;
  });
  return tables.join("\n\n");
}

/** The curves as small multiples: a row for each kind of work, a column for what grows, both axes logarithmic. */
export function scalingChart(grown: readonly Grown[], machine: string): Chart {
  const labels = labelsOf(grown);
  const color = {
    field: "label",
    type: "nominal",
    title: null,
    scale: { domain: labels, range: labels.map(colorOf) },
    legend: {
      orient: "top",
      columns: Math.min(labels.length, 5),
      labelLimit: 220,
      symbolType: "stroke",
      symbolStrokeWidth: 3,
    },
  };
  const curves = curvesOf(grown);
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    config,
    title: {
      text: "How nn-embedding grows",
      subtitle: [
        machine,
        `Medians; rows of ${dim} floats, products of 64. Higher is faster; all axes but threads are logarithmic.`,
      ],
      fontSize: 18,
      offset: 14,
    },
    spacing: 26,
    resolve: { scale: { color: "shared" } },
    vconcat: growing.flatMap((what) => {
      const own = curves.filter((curve) => curve.what === what);
      if (own.length === 0) return [];
      const { unit } = own[0].points[0].result.case.work;
      return [
        {
          spacing: 56,
          bounds: "flush",
          hconcat: own.map(({ axis, points }, column) => ({
            width: axis === "threads" ? 120 : 250,
            height: 150,
            title: {
              ...(column === 0 ? { text: what, subtitle: unit } : { text: " ", subtitle: " " }),
              frame: "group",
              dx: -38,
            },
            data: {
              values: points.flatMap(({ point, result }) =>
                result.rows
                  .filter(({ kind }) => kind !== "limit")
                  .map(({ label, rate }) => ({ at: point.at, label: oneName(label), rate })),
              ),
            },
            mark: { type: "line", point: { filled: true, size: 26 }, strokeWidth: 2 },
            encoding: {
              x: {
                field: "at",
                type: "quantitative",
                title: title(axis, what),
                scale: axis === "threads" ? { zero: false, nice: false } : { type: "log", nice: false },
                axis: {
                  values: [...new Set(points.map(({ point }) => point.at))],
                  format: "~s",
                  grid: false,
                  domain: true,
                  domainColor: colors.line,
                },
              },
              y: {
                field: "rate",
                type: "quantitative",
                title: null,
                scale: { type: "log" },
                axis: { format: "~g", values: powers(-3, 6), labelPadding: 8, minExtent: 38, maxExtent: 38 },
              },
              color,
            },
          })),
        },
      ];
    }),
  };
}
