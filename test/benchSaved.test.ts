import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { addBench } from "../src/cli/bench/bench.js";
import { changes, formatChanges } from "../src/cli/bench/report/comparison.js";
import { readSaved, type Saved, writeSaved } from "../src/cli/bench/report/saved.js";
import { printedBy } from "./verbs.js";

const folder = mkdtempSync(join(tmpdir(), "bench-saved-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const run = (...words: string[]): Promise<string> => printedBy(addBench, "bench", ...words);
const sizes = ["--rows", "40", "--dim", "6", "--batch", "5", "--quick", "--backend", "js"];

const saved = (median: number, more: Partial<Saved> = {}): Saved => ({
  machine: "this machine",
  load: 0,
  threads: 1,
  chosen: "js:scalar",
  peers: [],
  cases: ["G1", "G2a"].map((name) => ({
    case: name,
    family: "gather",
    means: "",
    shape: "a shape",
    sizes: {},
    work: 1,
    unit: "GB/s",
    rows: [
      { implementation: "js:scalar", kind: "ours", median, p10: 1, p90: 1, spread: 0, samples: 1, calls: 1, rate: 1 },
    ],
    notes: [],
  })),
  ...more,
});

describe("a saved run", () => {
  test("is plain data, the same that --json prints, and is read back", async () => {
    const path = join(folder, "run.json");
    const printed = JSON.parse(await run("scatter-add", ...sizes, "--json", "--save", path));
    const read = readSaved(path);
    expect(read).toEqual(printed);
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(read);
    expect(read).toMatchObject({
      machine: expect.stringContaining("Node"),
      threads: 1,
      peers: [],
      cases: [
        {
          case: "custom",
          family: "scatter-add",
          sizes: { rows: 40, dim: 6, batch: 5, ids: "uniform", to: "kernel" },
          work: 4 * 5 * 19,
          unit: "GB/s",
          rows: [
            { implementation: "js:scalar", kind: "ours" },
            { implementation: "plain JS (loop)", kind: "plain", timesPlain: 1 },
          ],
        },
      ],
    });
    for (const key of ["median", "p10", "p90", "spread", "samples", "calls", "rate"]) {
      expect(read.cases[0].rows[0]).toHaveProperty(key, expect.any(Number));
    }
  });

  test("is compared with the next, case by case", async () => {
    const path = join(folder, "before.json");
    await run("gather", ...sizes, "--save", path);
    const text = await run("gather", ...sizes, "--compare", path);
    expect(text).toMatch(/then: .*\nnow: {2}/);
    expect(text).toMatch(/gather custom +js:scalar +\S+ +\S+ +(ns|µs) +\S+/);
    expect(text.match(/^ *custom/gm)).toHaveLength(2); // the case, in either run
  });

  test("has in common what has the same family, name and shape", () => {
    expect(changes(saved(2), saved(1))).toMatchObject([
      { case: "G1", implementation: "js:scalar", before: 2, now: 1, times: 2 },
      { case: "G2a", times: 2 },
    ]);
    const other = saved(2, { cases: saved(2).cases.map((each) => ({ ...each, shape: "another" })) });
    expect(changes(other, saved(1))).toEqual([]);
    const family = saved(2, { cases: saved(2).cases.map((each) => ({ ...each, family: "bags" })) });
    expect(changes(family, saved(1))).toEqual([]);
    const look = { columns: 100, colors: false, chosen: "js:scalar" };
    expect(formatChanges(other, saved(1), look)).toContain("No case of this run is in that one.");
    const text = formatChanges(saved(2, { machine: "that machine", threads: 2 }), saved(1), look);
    for (const words of ["then: that machine", "now:  this machine", "then on 2 threads, now on 1"])
      expect(text).toContain(words);
    expect(text).toMatch(/G2a +js:scalar +2\.00 +1\.00 +s +2\.00/);
  });

  test.each([
    ["{", "no JSON"],
    ["null", "no machine"],
    ["[]", "no machine"],
    ['{"machine": "m"}', "no cases"],
    ['{"machine": "m", "cases": [null]}', "a case without a name or rows"],
    ['{"machine": "m", "cases": [{"case": "G1"}]}', "a case without a name or rows"],
    [
      '{"machine": "m", "cases": [{"case": "G1", "rows": [null]}]}',
      "a row of G1 without an implementation or a median",
    ],
    [
      '{"machine": "m", "cases": [{"case": "G1", "rows": [{"implementation": "js:scalar", "median": 0}]}]}',
      "a row of G1 without an implementation or a median",
    ],
    ['{"machine": "m", "cases": []}', "no threads"],
  ])("that is none, %s, is refused", (text, message) => {
    const path = join(folder, "foreign.json");
    writeFileSync(path, text);
    expect(() => readSaved(path)).toThrow(`--compare is "${path}", with ${message}, expected a run that --save wrote`);
    expect(() => readSaved(path)).toThrow(expect.objectContaining({ code: "ERR_INVALID_CHECKPOINT" }));
  });

  test("that cannot be read or written says so", () => {
    expect(() => readSaved(folder)).toThrow(/^--compare is ".*", expected a file to read: EISDIR/);
    expect(() => writeSaved(folder, saved(1))).toThrow(/^--save is ".*", expected a file to write: EISDIR/);
  });
});
