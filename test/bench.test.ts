import { afterEach, describe, expect, test, vi } from "vitest";
import type { Backend, Kernels } from "../src/backend/backend.js";
import { implementationName, implementations as known, selectBackend } from "../src/backend/select.js";
import { addBench } from "../src/cli/bench/bench.js";
import type { Case } from "../src/cli/bench/case.js";
import { bagsCase } from "../src/cli/bench/families/bags.js";
import { backwardBags } from "../src/cli/bench/families/bagsBackward.js";
import { chooseCases, families, standardCases } from "../src/cli/bench/families/families.js";
import { gatherCase } from "../src/cli/bench/families/gather.js";
import { lossCase } from "../src/cli/bench/families/loss.js";
import { productCase } from "../src/cli/bench/families/matmul.js";
import { scatterCase } from "../src/cli/bench/families/scatterAdd.js";
import { atHome, stagedProduct, stagedRows } from "../src/cli/bench/families/staging.js";
import { stepCase } from "../src/cli/bench/families/step.js";
import { topKCase } from "../src/cli/bench/families/topK.js";
import { describeThreads } from "../src/cli/bench/machine.js";
import { type Effort, measure, type Task, takesPart } from "../src/cli/bench/measure.js";
import type { Peers } from "../src/cli/bench/peers/peers.js";
import { describeRatios, formatTable } from "../src/cli/bench/report/report.js";
import { figures, unitOfTime } from "../src/cli/bench/report/table.js";
import { checkMemory, compare, type Plan, runCase } from "../src/cli/bench/run.js";
import { drawIds } from "../src/cli/bench/setup/ids.js";
import { limits } from "../src/cli/bench/setup/limits.js";
import { type ProductSizes, sampleProduct, verifyProduct } from "../src/cli/bench/setup/verify.js";
import { quantile, spread, summarize } from "../src/cli/bench/statistics.js";
import { firstDifference } from "../src/cli/floats.js";
import { specification } from "../src/cli/kernels.js";
import { Generator } from "../src/random/generator.js";
import { printedBy } from "./verbs.js";

const glance: Effort = { warmUpSeconds: 0.0002, sampleSeconds: 0.0001, budgetSeconds: 0.002, fewest: 1, most: 2 };
const implementations = known().flatMap((each) => ("backend" in each ? [each.backend] : []));
const plan: Plan = { implementations, effort: glance, threads: 1, plain: true };

describe("statistics", () => {
  test("finds quantiles, between samples on a straight line, whatever the order", () => {
    expect(quantile([5], 0.9)).toBe(5);
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([10, 9, 2, 3, 4, 5, 6, 7, 8, 1, 0], 0.1)).toBe(1);
    expect(summarize([30, 10, 20])).toEqual({ median: 20, p10: 12, p90: 28, samples: 3 });
  });

  test("tells the spread as a part of the median", () => {
    expect(spread({ median: 20, p10: 19, p90: 21, samples: 9 })).toBe(0.05);
  });

  test("leaves its samples as they are", () => {
    const samples = [3, 1, 2];
    summarize(samples);
    expect(samples).toEqual([3, 1, 2]);
  });
});

describe("ids", () => {
  test("are the same for the same seed, and all in the table", () => {
    for (const kind of ["uniform", "zipf"] as const) {
      const ids = drawIds(kind, 1000, 5000, new Generator(3));
      expect(drawIds(kind, 1000, 5000, new Generator(3))).toEqual(ids);
      expect(drawIds(kind, 1000, 5000, new Generator(4))).not.toEqual(ids);
      expect(ids.every((id) => id < 1000)).toBe(true);
      expect(drawIds(kind, 1, 4, new Generator(3))).toEqual(new Uint32Array(4));
    }
  });

  test("follow Zipf's law: the row of rank r is 1 / (r + 1) times as frequent as the first", () => {
    const rows = 1000;
    const count = 400_000;
    const counts = new Float64Array(rows);
    for (const id of drawIds("zipf", rows, count, new Generator(1))) counts[id]++;
    const harmonic = Array.from({ length: rows }, (_, r) => 1 / (r + 1)).reduce((sum, part) => sum + part, 0);
    for (const row of [0, 1, 2, 9, 50]) {
      const expected = count / harmonic / (row + 1);
      expect(Math.abs(counts[row] - expected)).toBeLessThan(5 * Math.sqrt(expected));
    }
    const tail = counts.subarray(rows / 2).reduce((sum, each) => sum + each, 0);
    expect(tail / count).toBeCloseTo(Math.log(2) / harmonic, 2);
  });
});

describe("measure", () => {
  const recorder = (label: string, seconds: number, log: string[], firstCallSeconds?: number): Task => ({
    label,
    ...(firstCallSeconds !== undefined && { firstCallSeconds }),
    sample(calls) {
      log.push(`${label}${calls}`);
      return calls * seconds;
    },
  });

  test("times the tasks in turns, repeats short calls, and leaves the slow ones out of some rounds", async () => {
    const log: string[] = [];
    const effort: Effort = { warmUpSeconds: 0.1, sampleSeconds: 0.01, budgetSeconds: 30, fewest: 3, most: 10 };
    const timings = await measure([recorder("fast", 0.001, log), recorder("slow", 5, log, 5)], effort);
    expect(timings).toMatchObject([
      { label: "fast", calls: 10, median: 0.001, samples: 10 },
      { label: "slow", calls: 1, median: 5, samples: 3 },
    ]);
    const sampled = log.filter((entry) => entry === "fast10" || entry === "slow1");
    expect(sampled.filter((entry) => entry === "slow1")).toHaveLength(3); // its first call was its warm-up
    const gaps = sampled.join(" ").split("slow1");
    for (const gap of gaps.slice(1, -1)) expect(gap).toContain("fast10");
  });

  test("spreads turns evenly over the rounds", () => {
    const rounds = Array.from({ length: 9 }, (_, round) => takesPart(round, 3, 9));
    expect(rounds.filter(Boolean)).toHaveLength(3);
    expect(rounds).toEqual([false, false, true, false, false, true, false, false, true]);
  });
});

describe("cases", () => {
  const byName = (name: string): Case => standardCases.find((each) => each.name === name)!;

  test("have names of their own, and the work of a call in them", () => {
    const names = standardCases.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const asked =
      "G1 G2a G2b G3u G3z G4 B1 M1 M2 N2 N4 N8 N16 N32 M3a M3b M4 S1 S1r S1s S2 S2r S2s O4 O5 O6 OD L1 T1 C1 C8";
    expect(names).toEqual(expect.arrayContaining(asked.split(" ")));
    expect(byName("M3a").work).toEqual({ amount: 2 * 512 ** 3, unit: "GFLOP/s" });
    expect(byName("G1").work).toEqual({ amount: 4 * (4 + 2 * 12), unit: "GB/s" });
    expect(byName("B1").work).toEqual({ amount: 4 * 4096 * (32 + (32 + 1) * 64), unit: "GB/s" });
    expect(byName("S1").work).toEqual({ amount: 4 * 8192 * (1 + 3 * 768), unit: "GB/s" });
    expect(byName("S2r").work).toEqual({ amount: 4 * (65536 * (1 + 3 * 64) + 1e6 * 64), unit: "GB/s" });
    expect(byName("S1r").work).toEqual({ amount: 4 * (8192 * (1 + 3 * 768) + 50257 * 768), unit: "GB/s" });
  });

  test("are told in a few words", () => {
    expect(byName("G3z").shape).toBe("65,536 zipf ids, 1,000,000 x 64");
    expect(byName("N4").shape).toBe("[4, 768] x [50257, 768]^T");
    expect(byName("M4").shape).toBe("one-hot [1024, 50257] x [50257, 768]");
  });

  test("are those of the family, those of a name, or one of the sizes asked for", () => {
    const names = (choice: object) => chooseCases({ sizes: {}, ...choice }).map(({ name }) => name);
    expect(names({ family: "gather" })).toEqual(["G1", "G2a", "G2b", "G3u", "G3z", "G4"]);
    expect(names({ names: "M1,G3u" })).toEqual(["G3u", "M1"]);
    expect(names({ family: "matmul", names: "M1" })).toEqual(["M1"]);
    expect(names({})).toEqual(standardCases.map(({ name }) => name));
    expect(chooseCases({ sizes: { dim: 5 } }).map(({ family, sizes }) => [family, sizes])).toMatchObject([
      ["gather", { rows: 50257, dim: 5, batch: 1024 }],
      ["bags", { rows: 50257, dim: 5, batch: 4096 }],
      ["matmul", { m: 64, n: 50257, k: 5 }],
      ["scatter-add", { rows: 50257, dim: 5, batch: 8192 }],
      ["step", { rows: 50257, dim: 5, batch: 4096 }],
      ["loss", { n: 64, rows: 50257, dim: 5 }],
      ["top-k", { n: 64, rows: 50257, dim: 5, k: 10 }],
    ]);
    const [custom] = chooseCases({ family: "matmul", sizes: { rows: 7, batch: 3 } });
    expect(custom.sizes).toEqual({ layout: "NT", m: 3, n: 7, k: 768 });
  });
});

describe("verification", () => {
  const product: ProductSizes = { layout: "NT", m: 3, n: 5, k: 9 };
  const rows = { rows: 11, dim: 3, batch: 20 } as const;
  const prepare = (timedCase: Case, kernels: Partial<Kernels>): void => {
    const all = { ...specification, ...kernels };
    const broken: Backend = { ...selectBackend("js"), isa: "broken", kernels: <Some>() => all as Some };
    timedCase.prepare([broken], { plain: true, threads: 1 }).dispose();
  };

  test("tells bits apart, but not the payloads of NaNs", () => {
    const nan = new Float32Array(Uint32Array.of(0x7fc00001).buffer)[0];
    expect(firstDifference(Float32Array.of(1, Number.NaN), Float32Array.of(1, nan))).toBe(-1);
    expect(firstDifference(Float32Array.of(1, 0), Float32Array.of(1, -0))).toBe(1);
  });

  test("refuses a matmul with one wrong bit, and says where", () => {
    const oneBit: Kernels["matmulNT"] = (a, b, m, n, k, accumulate, out) => {
      specification.matmulNT(a, b, m, n, k, accumulate, out);
      new Uint32Array(out.buffer, out.byteOffset)[7] ^= 1;
    };
    expect(() => prepare(productCase("P", "", product), { matmulNT: oneBit })).toThrow(
      /^P: js:broken: out\[1, 2\] is \S+ \(0x[0-9a-f]{8}\), expected \S+ \(0x[0-9a-f]{8}\)$/,
    );
  });

  test("refuses a scatterAdd that forgets its last row", () => {
    const forgetful: Kernels["scatterAdd"] = (table, numEmbeddings, dim, ids, count, padding, gradOut) =>
      specification.scatterAdd(table, numEmbeddings, dim, ids, count - 1, padding, gradOut) + 1;
    const timedCase = scatterCase("R", "", { ...rows, ids: "uniform", to: "kernel" });
    expect(() => prepare(timedCase, { scatterAdd: forgetful })).toThrow(/^R: js:broken: gradWeight\[\d+, 0\] is /);
  });

  test.each([
    ["SparseAdam", "stepSparseAdam"],
    ["Adam", "stepAdam"],
  ] as const)("refuses a step of %s that moves nothing", (optimizer, kernel) => {
    const timedCase = stepCase("R", "", { ...rows, optimizer, batch: optimizer === "Adam" ? 11 : 5 });
    expect(() => prepare(timedCase, { [kernel]: () => 5 })).toThrow(/^R: js:broken: weight\[0, 0\] is /);
  });

  test("looks at the first and last rows and columns of a product, with the specification's bits there", () => {
    for (const layout of ["NT", "NN"] as const) {
      const [m, n, k] = [60, 500, 13];
      const generator = new Generator(8);
      const a = generator.fillFloat32(new Float32Array(m * k)) as Float32Array;
      const b = generator.fillFloat32(new Float32Array(n * k)) as Float32Array;
      const sample = sampleProduct({ layout, m, n, k }, a, b);
      const out = new Float32Array(m * n);
      (layout === "NT" ? specification.matmulNT : specification.matmulNN)(a, b, m, n, k, false, out);
      expect(sample.rows).toEqual(expect.arrayContaining([0, 1, 58, 59]));
      expect(sample.columns).toEqual(expect.arrayContaining([0, 1, 498, 499]));
      const at = (row: number, column: number): number => out[row * n + column];
      verifyProduct("here", sample, at);
      verifyProduct("here", sample, (row, column) => at(row, column) * (1 + 1e-5), 1e-4);
      expect(() => verifyProduct("here", sample, (row, column) => at(row, column) * 1.01, 1e-4)).toThrow(
        "here: out[0, 0]",
      );
    }
  });
});

const rows = { rows: 50, dim: 7, batch: 9 };

/** A case of each family and kind, of sizes that nothing divides. */
const smallCases: readonly Case[] = [
  gatherCase("gather", "gather", "", { ...rows, ids: "zipf" }),
  ...(["sum", "mean", "max", "weighted"] as const).map((mode) => bagsCase(mode, "", { ...rows, ids: "uniform", mode })),
  backwardBags("bags, backward", "", { ...rows, bagSize: 5, ids: "zipf" }),
  productCase("NT", "", { layout: "NT", m: 13, n: 77, k: 259 }),
  productCase("NN", "", { layout: "NN", m: 13, n: 77, k: 259 }),
  productCase("one-hot", "", { layout: "NN", m: 9, n: 7, k: 50 }, true),
  ...(["kernel", "dense", "sparse"] as const).map((to) => scatterCase(to, "", { ...rows, ids: "zipf", to })),
  stepCase("SparseAdam", "", { ...rows, optimizer: "SparseAdam" }),
  stepCase("Adam", "", { ...rows, batch: 50, optimizer: "Adam" }),
  lossCase("loss", "", { n: 9, rows: 50, dim: 7 }),
  topKCase("top-k", "", { n: 9, rows: 50, dim: 7, k: 3 }),
  ...families.find(({ name }) => name === "small")!.cases,
];

describe("a run", () => {
  test.each(smallCases)("of $name times everything that works here", async (timedCase) => {
    const result = await runCase(timedCase, { ...plan, limits });
    const labels = result.rows.map(({ label }) => label);
    expect(labels).toEqual(expect.arrayContaining(implementations.map(implementationName)));
    expect(result.rows.filter(({ kind }) => kind === "plain")).toMatchObject([{ timesPlain: 1 }]);
    for (const row of result.rows) expect(row.rate).toBeGreaterThan(0);
    if (limits !== undefined && timedCase.family !== "small" && timedCase.name !== "bags, backward") {
      expect(result.rows.some(({ kind }) => kind === "limit")).toBe(true);
      expect(result.rows[0].timesLimit).toBeGreaterThan(0);
    }
  });

  test.each([
    stagedRows("gather", "", { kernel: "gather", ...rows }),
    stagedRows("scatterAdd", "", { kernel: "scatterAdd", ...rows }),
    stagedProduct("NT", "", { layout: "NT", m: 13, n: 77, k: 25 }),
    stagedProduct("NN", "", { layout: "NN", m: 13, n: 77, k: 25 }),
  ])("of staging $name times WASM, staged and at home", async (timedCase) => {
    const labels = (await runCase(timedCase, plan)).rows.map(({ label }) => label);
    const inWasm = implementations.filter(({ name }) => name === "wasm").map(implementationName);
    expect(labels).toEqual(inWasm.flatMap((label) => [label, label + atHome]));
  });

  test("leaves plain JavaScript out where it is not wanted", async () => {
    for (const timedCase of smallCases) {
      const { rows } = await runCase(timedCase, { ...plan, implementations: [selectBackend("js")], plain: false });
      expect(rows.every(({ kind }) => kind === "ours")).toBe(true);
    }
  });

  const timing = (label: string, median: number) => ({
    label,
    median,
    p10: median,
    p90: median,
    samples: 3,
    calls: 1,
  });

  test("takes the faster of the loops by hand, the fastest peer and the slowest limit for its ratios", () => {
    const timings = [
      timing("native:avx2", 0.5),
      timing("loop", 2),
      timing("set", 1),
      timing("PyTorch", 0.25),
      timing("NumPy", 0.75),
      timing("reading", 0.2),
      timing("multiply-add", 0.1),
    ];
    const roles = { plain: ["loop", "set"], limits: ["reading", "multiply-add"] };
    const peers = new Map([
      ["PyTorch", "torch"],
      ["NumPy", "numpy"],
    ]);
    const rows = compare({ work: { amount: 1e9, unit: "GB/s" } }, timings, roles, peers);
    expect(
      rows.map(({ label, kind, timesPlain, timesPeer, timesLimit }) => [
        label,
        kind,
        timesPlain,
        timesPeer,
        timesLimit,
      ]),
    ).toEqual([
      ["native:avx2", "ours", 2, 0.5, 2.5],
      ["set", "plain", 1, 0.25, 5],
      ["PyTorch", "peer", 4, 1, 1.25],
      ["NumPy", "peer", 1 / 0.75, 0.25 / 0.75, 3.75],
      ["reading", "limit", 5, 1.25, 1],
      ["multiply-add", "limit", 10, 2.5, 0.5],
    ]);
    expect(rows[0].rate).toBe(2);
    const alone = compare({ work: { amount: 1e9, unit: "GB/s" } }, [timing("js:scalar", 1)], { plain: [], limits: [] });
    expect(alone).toEqual([{ ...timing("js:scalar", 1), kind: "ours", rate: 1 }]);
  });

  test("refuses tables that do not fit the memory", async () => {
    const huge = gatherCase("gather", "H", "", { rows: 2 ** 31 - 1, dim: 1e5, batch: 1, ids: "uniform" });
    await expect(runCase(huge, plan)).rejects.toMatchObject({ code: "ERR_OUT_OF_MEMORY" });
    expect(() =>
      checkMemory(gatherCase("gather", "H", "", { rows: 1e6, dim: 64, batch: 1, ids: "uniform" }), plan, 1e8),
    ).toThrow(/^H \(1 ids, 1,000,000 x 64\) is \d\.\d GB in all its tables, expected no more than the free 0\.1 GB; /);
  });
});

test("peers are reckoned with: each holds the tables, those in Node twice", () => {
  for (const each of standardCases) expect(each.bytes([])).toBeGreaterThan(0);
  const large = standardCases.find(({ name }) => name === "G4")!;
  expect(large.bytes([])).toBeGreaterThan(4 * 64e7);
  const peers = { all: [{ id: "numpy" }, { id: "tfjs-wasm" }] } as unknown as Peers;
  const js = [selectBackend("js")];
  const [one, own] = [large.bytes([]), large.bytes(js)];
  checkMemory(large, { implementations: js, peers }, own + 3 * one);
  checkMemory(large, { implementations: js, peers, peerIds: ["numpy", "torch"] }, own + one);
  for (const [asked, copies] of [
    [undefined, 3],
    [["numpy"], 1],
    [["tfjs-wasm"], 2],
  ] as const) {
    const plan = { implementations: js, peers, peerIds: asked };
    expect(() => checkMemory(large, plan, own + copies * one - 1)).toThrow("G4 (65,536 ids, 10,000,000 x 64) is ");
  }
});

describe("the limits", () => {
  test.runIf(limits !== undefined)("are timed, and refuse rows that are not there", () => {
    const floats = new Float32Array(64).fill(1);
    const machine = limits!;
    expect(machine.vectors).toEqual(expect.any(String));
    expect(machine.read(floats, 64, 1, 3)).toBeGreaterThan(0);
    const copied = new Float32Array(64);
    expect(machine.copy(floats, copied, 64, 2, 1)).toBeGreaterThan(0);
    expect(copied).toEqual(floats);
    const table = Float32Array.from({ length: 33 }, (_, i) => i);
    const out = new Float32Array(22);
    for (const threads of [1, 2]) {
      expect(machine.rows(table, 3, 11, Uint32Array.of(2, 0), 2, out, threads, 1)).toBeGreaterThan(0);
      expect([...out]).toEqual([...table.subarray(22), ...table.subarray(0, 11)]);
      out.fill(0);
    }
    expect(machine.multiplyAdd(1000, 2, 1)).toBeGreaterThan(0);
    const none = new Float32Array(0);
    expect(() => machine.rows(table, 3, 11, Uint32Array.of(3), 1, none, 1, 1)).toThrow("rows");
    expect(() => machine.read(floats, 65, 1, 1)).toThrow("from has 64 elements, expected at least 65 x 1");
    expect(() => machine.read(floats, 64, 0, 1)).toThrow("numThreads");
  });
});

describe("the report", () => {
  test("takes the unit in which the fastest has a whole digit", () => {
    expect([2, 0.5, 3e-6, 2e-9].map((seconds) => unitOfTime(seconds).name)).toEqual(["s", "ms", "µs", "ns"]);
    expect([1234.6, 123.4, 12.34, 1.234, 0.0123, 0.00042, 0].map(figures)).toEqual([
      ...["1,235", "123", "12.3", "1.23", "0.012", "0.0004", "0.000"],
    ]);
  });

  test("fits the terminal, and ends no line in room", async () => {
    const results = [await runCase(smallCases[0], { ...plan, limits })];
    for (const columns of [80, 100, 120]) {
      const text = formatTable("gather", results, { columns, colors: false, chosen: "js:scalar" });
      expect(text).toContain("* js:scalar");
      expect(text).not.toMatch(/ $/m);
      for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(columns);
    }
  });

  test("tells no spread of one sample", async () => {
    const look = { columns: 80, colors: false, chosen: "js:scalar" };
    const { rows, ...result } = await runCase(smallCases[0], { ...plan, implementations: [selectBackend("js")] });
    const text = (samples: number): string =>
      formatTable("gather", [{ ...result, rows: rows.map((row) => ({ ...row, samples })) }], look);
    expect(text(1)).toMatch(/\* js:scalar +\S+ +– +\S/);
    expect(text(2)).toMatch(/\* js:scalar +\S+ +\d+ +\S/);
  });

  test("tells what a call takes at its peak, and what was passed over", () => {
    const [timedCase] = smallCases;
    const look = { columns: 100, colors: false, chosen: "js:scalar" };
    const results = [{ case: timedCase, rows: [], notes: ["Passed over."], memory: { "js:scalar": 2.5e6 } }];
    expect(formatTable("gather", results, look)).toMatch(/Passed over\.[\s\S]*given and gives: js:scalar 2\.5\s+MB\./);
  });
});

describe("the command", () => {
  afterEach(() => vi.restoreAllMocks());

  const run = (...words: string[]): Promise<string> => printedBy(addBench, "bench", ...words);
  const sizes = ["--rows", "40", "--dim", "6", "--batch", "5", "--quick"];

  test("prints a table a family", async () => {
    const text = await run(...sizes, "--backend", "js");
    for (const word of ["gather", "bags", "matmul", "scatter-add", "js:scalar", "plain JS", "GB/s", "GFLOP/s"]) {
      expect(text).toContain(word);
    }
    expect(text).not.toContain("wasm:");
  });

  test("says how many threads take part, what the ratios are, and that only WASM stages", async () => {
    const text = await run("gather", ...sizes, "--backend", "js");
    expect(text).toMatch(/^.*, Node [\d.]+; everyone on one$/m);
    expect(text).toMatch(/^x plain JS: how many times as fast\.$/m);
    expect(describeRatios({ peers: undefined, limits })).toBe(
      `x plain JS: how many times as fast.${limits === undefined ? "" : " limit x: how many times the limit's time."}`,
    );
    const staged = await run("--case", "W3,W4", "--quick", "--backend", "js");
    expect(staged.match(/Nothing is timed: only WASM stages\./g)).toHaveLength(1);
    expect(describeThreads(2)).toBe("native code, peers and limits on 2, WebAssembly and JavaScript of ours on one");
  });

  test("prints nothing but JSON with --json", async () => {
    const json = JSON.parse(await run("gather", ...sizes, "--backend", "js", "--json"));
    expect(json.cases).toHaveLength(1);
  });

  test.each([
    [["conv"], 'what is "conv", expected "gather" or "bags" or '],
    [["gather", "--rows", "0"], "--rows is 0, expected an integer in [1, 2147483647]"],
    [["gather", "--dim", "wide"], '--dim is "wide", expected an integer in [1, 2147483647]'],
    [["gather", "--batch", "1.5"], "--batch is 1.5, expected an integer in [1, 2147483647]"],
    [["small", "--rows", "9"], 'what is "small", expected one with sizes of its own (gather, bags, matmul, '],
    [["gather", "--markdown"], "--markdown is true, expected none with a family: it is for goals"],
    [["goals", "--case", "Z9"], '--case is "Z9", expected "G1" or "G2a" or '],
    [["goals", "--save", "x.json"], '--save is "x.json", expected none with goals'],
    [["scaling", "--rows", "9"], "--rows is 9, expected none with scaling, which goes through them"],
    [["scaling", "--compare", "x.json"], '--compare is "x.json", expected none with scaling'],
    [["gather", "--case", "M1"], '--case is "M1", expected "G1" or "G2a" or '],
    [["--case", "G1,Z9"], '--case is "Z9", expected "G1" or "G2a" or '],
    [["--threads", "0"], "--threads is 0, expected an integer in [1, "],
    [["--threads", "many"], '--threads is "many", expected an integer in [1, '],
    [["--save", "run.txt"], '--save is "run.txt", expected a name that ends in .json'],
    [["--save", "no/such/run.json"], '--save is "no/such/run.json", whose folder is not there, expected a path in'],
    [["--chart", "no/such/it.svg"], '--chart is "no/such/it.svg", whose folder is not there, expected a path in'],
    [["--compare", "no/such.json"], '--compare is "no/such.json", expected a file to read: ENOENT'],
    [["--compare", "package.json"], '--compare is "package.json", with no machine, expected a run that --save wrote'],
    [["--peers-from", "no/such"], '--peers-from is "no/such", expected a folder with node_modules in it'],
    [["--peers-from", "package.json"], '--peers-from is "package.json", expected a folder with node_modules in it'],
    [["--case", "G1", "--rows", "9"], "--rows is 9, expected none with --case: it has sizes of its own"],
    [["gather", "--dim", "9", "--case", "G1"], "--dim is 9, expected none with --case: it has sizes of its own"],
    [["--case", "G1,B1", "--batch", "9"], "--batch is 9, expected none with --case: it has sizes of its own"],
    [["--json", "--compare", "x.json"], '--compare is "x.json", expected none with --json, which prints nothing else'],
    [["goals", "--json", "--markdown"], "--markdown is true, expected none with --json, which prints nothing else"],
    [["goals", "--backend", "js"], '--backend is "js", expected native or wasm with goals: the specification has none'],
    [["staging", "--chart", "x.svg"], '--chart is "x.svg", expected none with staging, which nothing is compared with'],
    [["--case", "W1", "--peers-from", "x"], '--peers-from is "x", expected none with staging, which nothing is'],
    [["--no-peers", "--peers-from", "."], '--peers-from is ".", expected none with --no-peers'],
    [["--quick", "--quick"], "--quick is given 2 times, expected once"],
    [["--case", "G1", "--case", "M1"], "--case is given 2 times, expected once"],
    [["--", "gather"], '-- is followed by "gather", expected nothing'],
    [["gather", "--backend", "cuda"], 'backend is "cuda", expected one of '],
  ])("refuses %s", async (words, message) => {
    const error = await run(...words).catch((thrown) => thrown);
    expect(error.message).toContain(message);
    expect(error.code).toMatch(/^ERR_/);
  });
});
