import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { implementations as known } from "../src/backend/select.js";
import { addBench } from "../src/cli/bench/bench.js";
import { barsOf, domainOf, ratioChart } from "../src/cli/bench/chart/chart.js";
import { colorOf, colors } from "../src/cli/bench/chart/chartColors.js";
import { Drawing, drawingPackages, withDarkColors } from "../src/cli/bench/chart/draw.js";
import { gatherCase } from "../src/cli/bench/families/gather.js";
import type { Effort } from "../src/cli/bench/measure.js";
import { type Row, runCase } from "../src/cli/bench/run.js";
import { formatScaling, growing, scalingChart, scalingPoints } from "../src/cli/bench/scaling.js";
import { bestOfBackends } from "../src/cli/bench/session.js";
import { printedBy } from "./verbs.js";

const folder = mkdtempSync(join(tmpdir(), "bench-chart-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const glance: Effort = { warmUpSeconds: 0, sampleSeconds: 0, budgetSeconds: 0, fewest: 1, most: 1 };
const implementations = known().flatMap((each) => ("backend" in each ? [each.backend] : []));
const plan = { implementations, effort: glance, threads: 1, plain: true };
const timedCase = gatherCase("gather", "G", "", { rows: 50, dim: 7, batch: 9, ids: "uniform" });
const row = (label: string, kind: Row["kind"], timesPlain: number, timesPeer?: number): Row => ({
  ...{ label, kind, timesPlain, median: 1, p10: 1, p90: 1, samples: 1, calls: 1, rate: 1 },
  ...(timesPeer !== undefined && { timesPeer }),
});
const rows = [
  row("native:avx512", "ours", 20, 2),
  row("native:baseline", "ours", 8, 0.8),
  row("native:avx2", "ours", 15, 1.5),
  row("js:scalar", "ours", 0.5, 0.05),
  row("plain JS (loop)", "plain", 1, 0.1),
  row("PyTorch 1.13.0", "peer", 10, 1),
  row("tfjs-wasm 4.22.0", "peer", 0.0004, 0.00004),
  row("limit: reading", "limit", 40, 4),
];

describe("bars", () => {
  test("are those of ours and the peers, but for what nobody chooses", () => {
    expect(barsOf(rows, "timesPlain").map(({ label, told }) => [label, told])).toEqual([
      ["native:avx512", "20.0x"],
      ["native:avx2", "15.0x"],
      ["PyTorch 1.13.0", "10.0x"],
      ["tfjs-wasm 4.22.0", "0.0004x"],
    ]);
    expect(barsOf([row("js:scalar", "ours", 2)], "timesPlain")).toHaveLength(1);
    expect(barsOf([row("js:scalar", "ours", 2)], "timesPeer")).toEqual([]);
  });

  test("are no shorter than a hundredth, and have colors of their own", () => {
    expect(barsOf(rows, "timesPlain").at(-1)).toMatchObject({ times: 0.01, told: "0.0004x" });
    const known = [
      "native:avx512",
      "native:avx2",
      "native:baseline",
      "wasm:simd",
      "wasm:scalar",
      "js:scalar",
      "plain JS",
    ];
    const peers = ["PyTorch 1", "NumPy 2", "onnxruntime-node 1", "onnxruntime-web 1", "tfjs-wasm 4"];
    expect(new Set([...known, ...peers].map(colorOf)).size).toBe(known.length + peers.length);
    expect(colorOf("another")).toBe(colors.line);
  });

  test("begin at 1, with room at both ends", () => {
    for (const times of [[2], [0.5], [0.01, 300], [1], []]) {
      const [least, greatest] = domainOf(times);
      expect(least).toBeLessThan(Math.min(1, ...times));
      expect(greatest).toBeGreaterThan(Math.max(1, ...times));
    }
  });
});

describe("the chart of ratios", () => {
  test("has a panel for what was compared, and a block for each case", () => {
    const result = { case: timedCase, rows, notes: [] };
    const blocks = (results: Parameters<typeof ratioChart>[0]) =>
      (ratioChart(results, "a machine").vconcat as { hconcat: object[] }[]).map(({ hconcat }) => hconcat.length);
    expect(blocks([result, result])).toEqual([2, 2]);
    const alone = { ...result, rows: rows.slice(0, 5).map(({ timesPeer, ...each }) => each) };
    expect(blocks([alone])).toEqual([1]);
    expect(blocks([{ ...result, rows: [] }, alone])).toEqual([1]);
  });

  test("becomes dark where the reader's system is", () => {
    const svg = withDarkColors('<svg width="3"><rect fill="#ffffff"/></svg>');
    expect(svg).toMatch(
      /^<svg width="3"><style>@media \(prefers-color-scheme:dark\)\{\[fill="#ffffff"\]\{fill:#0d1117\}/,
    );
    expect(svg).toMatch(/<rect fill="#ffffff"\/><\/svg>$/);
  });
});

describe("growth curves", () => {
  test("go through rows, batches and threads", () => {
    const points = scalingPoints(2, false);
    const at = (what: string, axis: string) =>
      points.filter((each) => each.what === what && each.axis === axis).map((each) => each.at);
    expect(at("gather", "rows")).toEqual([1e3, 1e4, 1e5, 1e6, 1e7]);
    expect(at("bags", "batch")).toEqual([1e2, 1e3, 1e4, 1e5, 1e6]);
    for (const what of growing) expect(at(what, "threads")).toEqual([1, 2]);
    expect(points.filter(({ axis, threads }) => axis !== "threads" && threads !== 1)).toEqual([]);
    expect(new Set(scalingPoints(1, true).map(({ axis }) => axis))).toEqual(new Set(["rows", "batch"]));
    expect(scalingPoints(1, true).length).toBeLessThan(scalingPoints(1, false).length);
  });

  test("are told as tables and drawn as small multiples", async () => {
    const best = bestOfBackends(implementations);
    expect(new Set(best.map(({ name }) => name)).size).toBe(best.length);
    const points = growing.flatMap((what) =>
      scalingPoints(2, true)
        .filter((each) => each.what === what && each.at < 1e4)
        .slice(0, 3),
    );
    const grown = [];
    for (const point of points) {
      grown.push({ point, result: await runCase(point.case, { ...plan, implementations: best.slice(-1) }) });
    }
    const text = formatScaling(grown, { columns: 100, colors: false, chosen: "js:scalar" });
    for (const what of growing) expect(text).toMatch(new RegExp(`^${what}, G(B|FLOP)/s `, "m"));
    expect(text).toMatch(/rows of the table +js:scalar +plain JS\n─+\n +1,000 /);
    const narrow = formatScaling(grown, { columns: 30, colors: false, chosen: "js:scalar" });
    expect(narrow).toMatch(/rows of the table +1,000.*\n─+\n +js:scalar +\S+/);
    const chart = scalingChart(grown, "a machine");
    expect(chart.vconcat).toHaveLength(growing.length);
  });
});

describe("drawing", () => {
  const run = (...words: string[]): Promise<string> => printedBy(addBench, "bench", ...words);

  test("refuses other endings, and says what to install", async () => {
    await expect(run("gather", "--chart", "x.gif")).rejects.toThrow(
      '--chart is "x.gif", expected a name that ends in .svg or .png',
    );
    const missing = await Drawing.for("x.png").then(
      () => undefined,
      (error) => error,
    );
    if (missing === undefined) return;
    expect(missing).toMatchObject({ code: "ERR_OUT_OF_RANGE" });
    expect(missing.message).toBe(
      `--chart is "x.png", expected its libraries to be there: npm install ${drawingPackages.join(" ")}`,
    );
    await expect(Drawing.for("x.svg")).rejects.toThrow("npm install vega vega-lite");
  });

  test.each(["scaling", "goals"])("%s refuses --threads", async (what) => {
    await expect(run(what, "--threads", "2")).rejects.toThrow(/^--threads is 2, expected none with /);
  });

  test("compiles both charts, where the libraries are", async (context) => {
    const drawing = await Drawing.for("x.svg").catch(() => undefined);
    if (drawing === undefined) return context.skip();
    const path = join(folder, "ratios.svg");
    await drawing.write(path, ratioChart([{ case: timedCase, rows, notes: [] }], "a machine"));
    const svg = readFileSync(path, "utf8");
    for (const words of [
      "a machine",
      "gather G",
      "20.0x",
      "times as fast as plain JavaScript",
      "prefers-color-scheme",
    ]) {
      expect(svg).toContain(words);
    }
    const point = scalingPoints(2, true)[0];
    const grown = [{ point, result: { case: point.case, rows, notes: [] } }];
    expect(await drawing.toSvg(scalingChart(grown, "a machine"))).toContain("rows of the table");
  });
});
