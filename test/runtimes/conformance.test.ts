import { expect, test } from "vitest";
import { backends } from "../../src/backend/select.js";
import * as layers from "../../src/index.js";
import * as optim from "../../src/optim/index.js";
import { filesUnder, read } from "../house/sources.js";

/** What run.mjs asks of other runtimes holds here: one digest, whichever implementation computes. */
const { conform } = (await import(/* @vite-ignore */ `${import.meta.dirname}/inside/conformance.js`)) as {
  conform(nn: object, backend: string): { digest: string; results: number };
};
const { Digest } = (await import(/* @vite-ignore */ `${import.meta.dirname}/inside/digest.js`)) as {
  Digest: new () => { add(value: unknown): void; readonly text: string };
};
const nn = { ...layers, ...optim };
const specification = conform(nn, "js");

test("a few hundred results and more", () => {
  expect(specification.results).toBeGreaterThan(1000);
});

const working = backends().filter(({ supported }) => supported);

test.each(working.map(({ name, isa }) => `${name}:${isa}`))("%s has the digest of the specification", (backend) => {
  expect(conform(nn, backend)).toEqual(specification);
});

test("one wrong bit, one wrong letter, or another order is another digest", () => {
  const digestOf = (...values: unknown[]) => {
    const digest = new Digest();
    for (const value of values) digest.add(value);
    return digest.text;
  };
  const rows = [0, -0, 1, 1 + 2 ** -23, -1, Number.POSITIVE_INFINITY, Number.NaN].map((x) => Float32Array.of(x, 0, 0));
  const others = ["", "a", "b", "ab", 1, 2, 0.1 + 0.2, 0.3, true, null, Uint32Array.of(1), Uint32Array.of(1, 0)];
  const all = [...rows, ...others].map((value) => digestOf(value));
  expect(new Set(all).size).toBe(all.length);
  expect(digestOf("a", "b")).not.toBe(digestOf("b", "a"));
  expect(digestOf(["a", "b"])).not.toBe(digestOf(["ab"]));
});

test("README leads to every page of src/docs, and run.mjs runs those of a runtime", () => {
  const pages = filesUnder("src/docs", ".md").map((path) => path.slice("src/docs/".length));
  expect(pages.length).toBeGreaterThan(5);
  for (const page of pages) {
    expect(read("README.md")).toContain(`(src/docs/${page})`);
    const showsFiles = /^```\w+ \S/m.test(read(`src/docs/${page}`));
    expect(read("test/runtimes/in/docs.mjs").includes(`"${page}"`), page).toBe(showsFiles);
  }
});
