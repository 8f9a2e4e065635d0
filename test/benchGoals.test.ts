import { describe, expect, test } from "vitest";
import { implementations as known, selectBackend } from "../src/backend/select.js";
import { standardCases } from "../src/cli/bench/families/families.js";
import { gatherCase } from "../src/cli/bench/families/gather.js";
import { type Goal, goals, judge, needsPlain } from "../src/cli/bench/goals/goals.js";
import { goalCases, runGoals, timesOnTwo } from "../src/cli/bench/goals/goalsRun.js";
import { describeGoal, formatGoals, goalsToMarkdown } from "../src/cli/bench/goals/goalsTable.js";
import type { Effort } from "../src/cli/bench/measure.js";
import { peerIds } from "../src/cli/bench/peers/peers.js";
import type { Row } from "../src/cli/bench/run.js";
import { bestOfBackends } from "../src/cli/bench/session.js";

const glance: Effort = { warmUpSeconds: 0, sampleSeconds: 0, budgetSeconds: 0, fewest: 1, most: 1 };
const implementations = known().flatMap((each) => ("backend" in each ? [each.backend] : []));

const row = (label: string, kind: Row["kind"], median: number, more: Partial<Row> = {}): Row => ({
  label,
  kind,
  median,
  p10: median,
  p90: median,
  samples: 1,
  calls: 1,
  rate: 1,
  ...more,
});
const rows = [
  row("native:avx512", "ours", 2, { timesLimit: 1.25 }),
  row("native:avx512, all logits", "ours", 1.6),
  row("native:avx2", "ours", 1),
  row("wasm:simd", "ours", 4),
  row("plain JS (loop)", "plain", 8),
  row("PyTorch 1", "peer", 3, { peer: "torch" }),
  row("NumPy 1", "peer", 2.4, { peer: "numpy" }),
];
const goalOf = (more: Partial<Goal>): Goal => ({
  group: "g",
  case: "G",
  backend: "native",
  against: "plain JS",
  ...more,
});

describe("goals", () => {
  test("are about cases and peers that exist", () => {
    const names = standardCases.map(({ name }) => name);
    for (const each of goals) {
      expect(names).toContain(each.case);
      expect((each.least === undefined) !== (each.most === undefined)).toBe(true);
      if (typeof each.against !== "string") expect(peerIds).toEqual(expect.arrayContaining([...each.against]));
    }
    expect(goalCases().map(({ name }) => name)).toEqual(
      names.filter((name) => goals.some((each) => each.case === name)),
    );
    expect([needsPlain("G1"), needsPlain("S2s"), needsPlain("M1")]).toEqual([true, true, false]);
  });

  test("of scatter-adds are told with and without a table to clear", () => {
    const told = goals
      .filter(({ group }) => group === "scatter-add")
      .map((each) => `${each.case} ${each.backend} ${describeGoal(each)}`);
    expect(told).toEqual([
      "S1 native >= 1.8x PyTorch",
      "S1r native >= 1.8x PyTorch",
      "S2 native >= 5x PyTorch",
      "S2r native >= 5x PyTorch",
      "S1r wasm >= 2x tfjs-wasm",
      "S2r wasm >= 2x tfjs-wasm",
    ]);
  });

  test.each([
    [
      { against: ["torch", "numpy"], least: 1.2 },
      { measured: 1.2, whom: "NumPy 1", reached: true },
    ],
    [
      { against: ["torch"], least: 1.6 },
      { measured: 1.5, whom: "PyTorch 1", reached: false },
    ],
    [
      { against: ["torch"], most: 0.7 },
      { measured: 2 / 3, reached: true },
    ],
    [
      { against: "plain JS", most: 0.2 },
      { measured: 0.25, reached: false },
    ],
    [
      { backend: "wasm", against: "plain JS", least: 2 },
      { measured: 2, reached: true },
    ],
    [
      { against: "the limit", most: 1.2 },
      { measured: 1.25, reached: false },
    ],
    [
      { against: "all logits in memory", most: 1.35 },
      { measured: 1.25, reached: true },
    ],
    [
      { against: "their memory", most: 0.05 },
      { measured: 0.04, reached: true },
    ],
    [
      { against: "one thread", least: 1.7 },
      { measured: 1.8, reached: true },
    ],
  ] as const)("%o is judged by what was measured", (more, expected) => {
    const memory = { "native:avx512": 4, "native:avx512, all logits": 100 };
    expect(judge(goalOf(more), { rows, memory }, 1.8)).toMatchObject(expected);
  });

  test("stay open where what is compared with is not there", () => {
    for (const more of [
      { against: ["tfjs-wasm"], least: 2 },
      { against: "one thread", least: 1.7 },
      { against: "their memory", most: 0.05 },
      { backend: "wasm", against: "the limit", most: 1.2 },
      { backend: "wasm", against: "all logits in memory", most: 1.35 },
    ] as const) {
      expect(judge(goalOf(more), { rows }).reached).toBeUndefined();
    }
    expect(judge(goalOf({ least: 1 }), { rows: [] }).measured).toBeUndefined();
  });

  test("are told in words, as tables of the terminal and of Markdown", () => {
    const told = [
      [{ against: ["torch", "numpy"], least: 1.2 }, ">= 1.2x PyTorch and NumPy"],
      [{ against: "the limit", most: 1.15 }, "<= 1.15x the time of the limit"],
      [{ against: "one thread", least: 1.7 }, "two threads >= 1.7x one"],
      [{ against: "their memory", most: 0.05 }, "<= 5 % of the memory that all logits take"],
    ] as const;
    for (const [more, words] of told) expect(describeGoal(goalOf(more))).toBe(words);
    const reached = goals
      .filter(({ against }) => typeof against !== "string" && against.includes("torch"))
      .map((each) => judge(each, { rows }));
    const text = formatGoals(reached, false, { columns: 100, colors: false, chosen: "js:scalar" });
    expect(text).toMatch(/G2a +native +>= 1\.2x PyTorch and NumPy +1\.20x \(NumPy 1\) +yes$/m);
    expect(text).toMatch(/\d+ of \d+ goals that could be measured are reached\.$/);
    expect(text).not.toContain("skip-gram");
    const markdown = goalsToMarkdown(reached, true, "a machine");
    expect(markdown).toContain(
      "| G2a, G2b, G3u, G3z, G4 | native | >= 1.2x PyTorch and NumPy | 1.20x, 1.20x, 1.20x, 1.20x, 1.20x |",
    );
    expect(markdown).toContain("| S2 | native | >= 5x PyTorch | 1.50x | no |");
    expect(markdown).toContain("**1.50x**");
    expect(markdown).toContain("| skip-gram training | native | >= 16x fastText, >= 4.5x gensim | node ");
    for (const line of markdown.split("\n").slice(2)) if (line !== "") expect(line).toMatch(/^\| .* \|$/);
  });

  test("a case is run with the best of each backend", async () => {
    const best = bestOfBackends(implementations).filter(({ name }) => name !== "js");
    expect(best.map(({ name }) => name)).toEqual(
      ["native", "wasm"].filter((name) => best.some((each) => each.name === name)),
    );
    const small = { ...gatherCase("gather", "G1", "", { rows: 6, dim: 3, batch: 4, ids: "uniform" }) };
    const { result, reached } = await runGoals(small, { implementations: best, effort: glance }, undefined);
    expect(result.rows.map(({ kind }) => kind)).toEqual([...best.map(() => "ours"), "plain"]);
    expect(reached.map(({ measured }) => measured !== undefined)).toEqual(
      ["native", "wasm"].map((name) => best.some((each) => each.name === name)),
    );
    expect(await timesOnTwo(small, selectBackend("js"), glance)).toBeGreaterThan(0);
  });
});
