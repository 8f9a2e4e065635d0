import { cac } from "cac";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Backend, Kernels } from "../src/backend/backend.js";
import { specification } from "../src/backend/js/js.js";
import { implementationName, implementations as known, selectBackend } from "../src/backend/select.js";
import { addBench } from "../src/cli/bench/bench.js";
import { chooseCases, type ProductCase, type RowsCase, standardCases, workOf } from "../src/cli/bench/cases.js";
import { drawIds } from "../src/cli/bench/ids.js";
import { type Effort, measure, type Task, takesPart } from "../src/cli/bench/measure.js";
import { OpenBlas } from "../src/cli/bench/openblas.js";
import { prepare } from "../src/cli/bench/prepare.js";
import { figures, formatTable, toJson, unitOfTime } from "../src/cli/bench/report.js";
import { compare, runCase } from "../src/cli/bench/run.js";
import { quantile, spread, summarize } from "../src/cli/bench/statistics.js";
import { sampleProduct, verifyProduct } from "../src/cli/bench/verify.js";
import { firstDifference } from "../src/cli/floats.js";
import { Generator } from "../src/random/generator.js";

const glance: Effort = { warmUpSeconds: 0.0002, sampleSeconds: 0.0001, budgetSeconds: 0.002, fewest: 1, most: 2 };
const implementations = known().flatMap((each) => ("backend" in each ? [each.backend] : []));

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
  test("have names of their own, and the work of a call in them", () => {
    const names = standardCases.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(["G1", "G2a", "G3u", "G3z", "B1", "M1", "M2", "M3a", "M3b", "S1", "S2", "O4", "O5", "O6"]);
    const byName = (name: string) => standardCases.find((each) => each.name === name)!;
    expect(workOf(byName("M3a"))).toEqual({ amount: 2 * 512 ** 3, unit: "GFLOP/s" });
    expect(workOf(byName("G1"))).toEqual({ amount: 4 * (4 + 2 * 12), unit: "GB/s" });
    expect(workOf(byName("B1"))).toEqual({ amount: 4 * 4096 * (32 + (32 + 1) * 64), unit: "GB/s" });
    expect(workOf(byName("S1"))).toEqual({ amount: 4 * 8192 * (1 + 3 * 768), unit: "GB/s" });
  });

  test("are those of the kernel, or one of the sizes asked for", () => {
    expect(chooseCases("gather", {}).map(({ name }) => name)).toEqual(["G1", "G2a", "G3u", "G3z"]);
    expect(chooseCases(undefined, { dim: 5 })).toMatchObject([
      { kernel: "gather", rows: 50257, dim: 5, batch: 1024 },
      { kernel: "bags", rows: 50257, dim: 5, batch: 4096 },
      { kernel: "matmul", m: 64, n: 50257, k: 5 },
      { kernel: "scatter-add", rows: 50257, dim: 5, batch: 8192 },
      { kernel: "step", rows: 50257, dim: 5, batch: 4096 },
    ]);
    expect(chooseCases("matmul", { rows: 7, batch: 3 })).toMatchObject([{ m: 3, n: 7, k: 768, layout: "NT" }]);
  });

  test.each([
    ["conv", {}, 'kernel is "conv", expected "gather" or "bags" or "matmul" or "scatter-add" or "step"'],
    ["gather", { rows: 0 }, "--rows is 0, expected an integer in [1, 2147483647]"],
    ["gather", { dim: "wide" }, '--dim is "wide", expected an integer in [1, 2147483647]'],
    ["gather", { batch: 1.5 }, "--batch is 1.5, expected an integer in [1, 2147483647]"],
  ])("refuse %s %o", (kernel, sizes, message) => {
    expect(() => chooseCases(kernel, sizes)).toThrow(message);
  });
});

describe("verification", () => {
  const product: ProductCase = { kernel: "matmul", name: "P", means: "", layout: "NT", m: 3, n: 5, k: 9 };
  const rows = { name: "R", means: "", rows: 11, dim: 3, batch: 20, ids: "uniform" } as const;
  const corrupted = (kernels: Partial<Kernels>): Backend[] => {
    const js = selectBackend("js");
    return [{ ...js, isa: "broken", kernels: { ...specification, ...kernels } }];
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
    expect(() => prepare(product, corrupted({ matmulNT: oneBit }))).toThrow(
      /^P: js:broken: out\[1, 2\] is \S+ \(0x[0-9a-f]{8}\), expected \S+ \(0x[0-9a-f]{8}\)$/,
    );
  });

  test("refuses a scatterAdd that forgets its last row", () => {
    const forgetful: Kernels["scatterAdd"] = (table, numEmbeddings, dim, ids, count, padding, gradOut) =>
      specification.scatterAdd(table, numEmbeddings, dim, ids, count - 1, padding, gradOut) + 1;
    expect(() => prepare({ kernel: "scatter-add", ...rows }, corrupted({ scatterAdd: forgetful }))).toThrow(
      /^R: js:broken: gradWeight\[\d+, 0\] is /,
    );
  });

  test("refuses a step that moves nothing", () => {
    const spread = { ...rows, batch: 5, ids: "spread" } as const;
    expect(() => prepare({ kernel: "step", ...spread }, corrupted({ stepSparseAdam: () => 5 }))).toThrow(
      /^R: js:broken: weight\[0, 0\] is /,
    );
  });

  test("looks at the first and last rows and columns of a product, with the specification's bits there", () => {
    for (const layout of ["NT", "NN"] as const) {
      const [m, n, k] = [60, 500, 13];
      const generator = new Generator(8);
      const a = generator.fillFloat32(new Float32Array(m * k)) as Float32Array;
      const b = generator.fillFloat32(new Float32Array(n * k)) as Float32Array;
      const sample = sampleProduct({ ...product, layout, m, n, k }, a, b);
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

describe("a run", () => {
  test.each(chooseCases(undefined, { rows: 50, dim: 7, batch: 9 }))(
    "of $kernel times everything that works here",
    async (timedCase) => {
      const result = await runCase(timedCase, implementations, glance);
      const labels = result.rows.map(({ label }) => label);
      expect(labels).toHaveLength(implementations.length + 1);
      expect(labels).toEqual(expect.arrayContaining(implementations.map(implementationName)));
      const plain = result.rows.filter(({ label }) => label.startsWith("plain JS"));
      expect(plain).toMatchObject([{ timesPlain: 1 }]);
      for (const row of result.rows) expect(row.rate).toBeGreaterThan(0);
    },
  );

  test.each(["NN", "NT"] as const)("of %s on sizes that no tile divides", async (layout) => {
    const timedCase: ProductCase = { kernel: "matmul", name: "P", means: "", layout, m: 13, n: 77, k: 259 };
    expect((await runCase(timedCase, implementations, glance)).rows).toHaveLength(implementations.length + 1);
  });

  test("takes the faster of the loops by hand for the baseline, and shows only that", () => {
    const timing = (label: string, median: number) => ({
      label,
      median,
      p10: median,
      p90: median,
      samples: 3,
      calls: 1,
    });
    const timings = [timing("native:avx2", 0.5), timing("loop", 2), timing("set", 1), timing("OpenBLAS", 0.25)];
    const timedCase = standardCases.find(({ name }) => name === "M1")!;
    const { rows, unit } = compare(timedCase, timings, ["loop", "set"], "OpenBLAS");
    expect(unit).toBe("GFLOP/s");
    expect(rows.map(({ label, timesPlain, timesOpenBlas }) => [label, timesPlain, timesOpenBlas])).toEqual([
      ["native:avx2", 2, 0.5],
      ["set", 1, 0.25],
      ["OpenBLAS", 4, 1],
    ]);
  });

  test("refuses tables that do not fit the memory", async () => {
    const huge: RowsCase = {
      kernel: "gather",
      name: "H",
      means: "",
      rows: 2 ** 31 - 1,
      dim: 1e5,
      batch: 1,
      ids: "uniform",
    };
    await expect(runCase(huge, implementations, glance)).rejects.toMatchObject({ code: "ERR_OUT_OF_MEMORY" });
  });
});

describe("the peer", () => {
  test("multiplies as we do, where a python3 has numpy", async (context) => {
    const peer = await OpenBlas.start();
    if (peer === undefined) return context.skip();
    try {
      for (const layout of ["NN", "NT"] as const) {
        const timedCase: ProductCase = { kernel: "matmul", name: "P", means: "", layout, m: 3, n: 50, k: 20 };
        const { rows } = await runCase(timedCase, [selectBackend("js")], glance, peer);
        expect(rows.at(-1)).toMatchObject({ label: peer.name, timesOpenBlas: 1 });
      }
    } finally {
      peer.dispose();
    }
  });
});

describe("the report", () => {
  test("takes the unit in which the fastest has a whole digit", () => {
    expect([2, 0.5, 3e-6, 2e-9].map((seconds) => unitOfTime(seconds).name)).toEqual(["s", "ms", "µs", "ns"]);
    expect([1234.6, 123.4, 12.34, 1.234, 0.0123].map(figures)).toEqual(["1,235", "123", "12.3", "1.23", "0.012"]);
  });

  test("fits the terminal, and ends no line in room", async () => {
    const [timedCase] = chooseCases("gather", { rows: 50, dim: 7, batch: 9 });
    const results = [await runCase(timedCase, implementations, glance)];
    for (const columns of [80, 100, 120]) {
      const text = formatTable("gather", results, { columns, colors: false, chosen: "js:scalar" });
      expect(text).toContain("* js:scalar");
      expect(text).not.toMatch(/ $/m);
      for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(columns);
    }
  });

  test("is plain data as JSON", async () => {
    const [timedCase] = chooseCases("scatter-add", { rows: 50, dim: 7, batch: 9 });
    const results = [await runCase(timedCase, [selectBackend("js")], glance)];
    const json = JSON.parse(JSON.stringify(toJson(results, "js:scalar")));
    expect(json).toMatchObject({
      machine: expect.stringContaining("Node"),
      chosen: "js:scalar",
      cases: [
        {
          case: "custom",
          kernel: "scatter-add",
          shape: { rows: 50, dim: 7, batch: 9, ids: "uniform" },
          work: 4 * 9 * 22,
          unit: "GB/s",
          rows: [{ implementation: "js:scalar" }, { implementation: "plain JS (loop)", timesPlain: 1 }],
        },
      ],
    });
    for (const key of ["median", "p10", "p90", "spread", "samples", "calls", "rate"]) {
      expect(json.cases[0].rows[0][key]).toEqual(expect.any(Number));
    }
  });
});

describe("the command", () => {
  afterEach(() => vi.restoreAllMocks());

  const run = async (...words: string[]): Promise<string> => {
    const said = vi.spyOn(console, "log").mockImplementation(() => {});
    const cli = cac("nn-embedding");
    addBench(cli);
    cli.parse(["node", "nn-embedding", "bench", ...words], { run: false });
    await cli.runMatchedCommand();
    return said.mock.calls.map(([text]) => text).join("\n");
  };
  const sizes = ["--rows", "40", "--dim", "6", "--batch", "5", "--quick"];

  test("prints a table a kernel", async () => {
    const text = await run(...sizes, "--backend", "js");
    for (const word of ["gather", "bags", "matmul", "scatter-add", "js:scalar", "plain JS", "GB/s", "GFLOP/s"]) {
      expect(text).toContain(word);
    }
    expect(text).not.toContain("wasm:");
  });

  test("prints nothing but JSON with --json", async () => {
    const json = JSON.parse(await run("gather", ...sizes, "--backend", "js", "--json"));
    expect(json.cases).toHaveLength(1);
  });

  test("refuses a backend as a layer does", async () => {
    await expect(run("gather", "--backend", "cuda")).rejects.toMatchObject({
      code: "ERR_UNKNOWN_BACKEND",
      message: expect.stringMatching(/^backend is "cuda", expected one of /),
    });
  });
});
