import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { checkGiven, checkWritable, flag } from "../src/cli/commandLine.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nn-embedding-line-"));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** `nn-embedding …` in this process: what it prints, what it complains of, its exit code. */
async function main(...words: string[]): Promise<{ told: string; complaint: string; code: unknown }> {
  const said = [vi.spyOn(console, "info"), vi.spyOn(console, "log"), vi.spyOn(console, "error")];
  for (const each of said) each.mockImplementation(() => {});
  const before = process.stdout.listeners("error");
  const { argv } = process;
  process.argv = ["node", "nn-embedding", ...words];
  try {
    vi.resetModules();
    await import("../src/cli/main.js");
    const [info, log, error] = said.map(({ mock }) => mock.calls.map(([text]) => String(text)).join("\n"));
    return { told: info + log, complaint: error, code: process.exitCode };
  } finally {
    process.argv = argv;
    process.exitCode = undefined;
    for (const each of process.stdout.listeners("error")) {
      if (!before.includes(each)) process.stdout.off("error", each as () => void);
    }
  }
}

describe("the command line", () => {
  test.each([
    [["--help"], "<command> [options]"],
    [[], "<command> [options]"],
    [["bench", "--help"], "bench [what]"],
    [["bench", "goals", "--help"], "bench [what]"],
    [["bench", "--rows", "0", "-h"], "bench [what]"],
    [["train", "novel.txt", "--help"], "train [FILE]"],
  ])("%j prints the usage and no more", async (words, usage) => {
    const { told, complaint, code } = await main(...words);
    expect(told).toContain(`Usage:\n  $ nn-embedding ${usage}\n`);
    expect({ complaint, code }).toEqual({ complaint: "", code: undefined });
  });

  test("bench --help names all that may be asked for", async () => {
    const { told } = await main("bench", "--help");
    expect(told).toContain("  what: gather, bags, matmul, ");
    expect(told).toContain(", scaling, goals; without it all but the last two\n");
  });

  test.each([[["--version"]], [["bench", "--version"]], [["train", "-v"]]])("%j prints the version", async (words) => {
    expect(await main(...words)).toMatchObject({
      told: expect.stringMatching(/^nn-embedding\/\d+\.\d+\.\d+ \S+ \S+$/),
      complaint: "",
      code: undefined,
    });
  });

  test.each([
    [["bench", "--case", ""], '--case is "", expected a word'],
    [["bench", ""], 'argument is "", expected a word'],
    [["compare"], 'verb is "compare", expected train, bench, doctor or build'],
    [["bench", "gather", "matmul"], "Unused args: `matmul`"],
    [["bench", "--threads"], "option `--threads <count>` value is missing"],
    [["bench", "--speed"], "Unknown option `--speed`"],
    [["bench", "--threads", "0"], "--threads is 0, expected an integer in [1, "],
  ])("%j is refused in one line", async (words, message) => {
    const { told, complaint, code } = await main(...words);
    expect(complaint).toContain(`nn-embedding: ${message}`);
    expect(complaint).not.toContain("\n");
    expect({ told, code }).toEqual({ told: "", code: 1 });
  });
});

test("an option is typed in small letters", () => {
  expect([flag("case"), flag("peersFrom")]).toEqual(["--case", "--peers-from"]);
});

describe("what was given", () => {
  test("is given once, and nothing behind --", () => {
    checkGiven({ rows: 3, quick: true, "--": [] });
    const refused = (options: Record<string, unknown>, message: string) =>
      expect(() => checkGiven(options)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE", message }));
    refused({ rows: [3, 4] }, "--rows is given 2 times, expected once");
    refused({ peersFrom: ["a", "b", "c"] }, "--peers-from is given 3 times, expected once");
    refused({ "--": ["gather"] }, '-- is followed by "gather", expected nothing');
  });
});

describe("a path to write to", () => {
  test("is in a folder that is there, and no folder itself", async () => {
    const file = join(folder, "file.json");
    await checkWritable("--save", file);
    writeFileSync(file, "");
    await checkWritable("--save", file);
    mkdirSync(join(folder, "folder.json"));
    const refused = (path: string, message: string) =>
      expect(checkWritable("--save", path)).rejects.toThrow(
        expect.objectContaining({ code: "ERR_OUT_OF_RANGE", message: expect.stringContaining(message) }),
      );
    await refused(join(folder, "no", "x.json"), "whose folder is not there, expected a path in a folder that can be");
    await refused(join(file, "x.json"), "whose folder cannot be written to (ENOTDIR), expected a path in a folder");
    await refused(join(folder, "folder.json"), "which is there and not a file, expected a file's path");
    expect(readdirSync(folder).sort()).toEqual(["file.json", "folder.json"]);
  });
});
