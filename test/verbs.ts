/** What the tests of the command line share. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CAC, cac } from "cac";
import { afterEach, beforeEach, vi } from "vitest";
import { Generator } from "../src/index.js";

/** `nn-embedding …` in this process, of one verb. */
export async function runVerb(add: (cli: CAC) => void, ...words: string[]): Promise<void> {
  const cli = cac("nn-embedding");
  add(cli);
  cli.parse(["node", "nn-embedding", ...words], { run: false });
  await cli.runMatchedCommand();
}

/** The same; gives what it prints. */
export async function printedBy(add: (cli: CAC) => void, ...words: string[]): Promise<string> {
  const said = vi.spyOn(console, "log").mockImplementation(() => {});
  await runVerb(add, ...words);
  return said.mock.calls.map(([text]) => text).join("\n");
}

/** A folder of the running test's own, and what was printed in it; see {@link inFolders}. */
export let folder: string;
export let printed: string;

export function print(line: string): void {
  printed += `${line}\n`;
}

export function forgetPrinted(): void {
  printed = "";
}

/** Gives each test of a file a folder; what it prints is kept. */
export function inFolders(): void {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "nn-embedding-test-"));
    forgetPrinted();
    vi.spyOn(console, "log").mockImplementation(print);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true, force: true });
  });
}

/** A language of four verbs, each with an object of its own, and numbers that can stand for each other. */
export function smallText(numLines: number): string {
  const generator = new Generator(5);
  const pick = (words: readonly string[]): string => words[generator.uint32() % words.length];
  const objects = { eats: "bread", drinks: "water", reads: "books", plays: "music" };
  return Array.from({ length: numLines }, () => {
    const verb = pick(Object.keys(objects)) as keyof typeof objects;
    return `the ${pick(["cat", "dog", "king", "queen"])} ${verb} ${pick(["two", "three", "four", "five"])} ${objects[verb]}\n`;
  }).join("");
}
