import { describe, expect, test } from "vitest";
import type { Exports } from "../src/backend/wasm/exports.js";
import { Heap } from "../src/backend/wasm/heap.js";
import { layouts, planBlocks, type Sizes } from "../src/backend/wasm/plan.js";
import { stagedMatmul } from "../src/backend/wasm/stagedMatmul.js";
import { makeStaging } from "../src/backend/wasm/staging.js";
import { Random } from "./conformance/cases.js";

// How work is cut for the window. What comes of it, bit for bit, is conformance/window.test.ts.

const productNames = Object.keys(layouts) as (keyof typeof layouts)[];

describe("plans", () => {
  test("a block fits the window, covers something, and cuts k only where the order of sums allows", () => {
    const random = new Random(3);
    for (let round = 0; round < 2000; round++) {
      const name = random.of(productNames);
      const size = () => 1 + random.below(10 ** (1 + random.below(5)));
      const sizes: Sizes = { m: size(), n: size(), k: size() };
      const home = { a: random.below(2) === 0, b: random.below(2) === 0, out: random.below(2) === 0 };
      const capacity = 1024 * (1 + random.below(1024));
      const block = planBlocks(layouts[name], home, sizes, capacity);
      if (block === undefined) {
        expect(name).toBe("matmulNT");
        expect((home.a ? 0 : sizes.k) + (home.b ? 0 : sizes.k) + 1).toBeGreaterThan(capacity);
        continue;
      }
      for (const key of ["m", "n", "k"] as const) {
        expect(block[key]).toBeGreaterThan(0);
        expect(block[key]).toBeLessThanOrEqual(sizes[key]);
      }
      if (block.k < sizes.k) expect(name === "matmulNT" ? 1 : block.k % 256).toBe(0);
      const { a, b } = layouts[name];
      const floats = [
        home.a && block[a[1]] === sizes[a[1]] ? 0 : block[a[0]] * block[a[1]],
        home.b && block[b[1]] === sizes[b[1]] ? 0 : block[b[0]] * block[b[1]],
        home.out && block.n === sizes.n ? 0 : block.m * block.n,
      ];
      const rows = [block[a[0]], block[b[0]], block.m];
      const atHome = [home.a, home.b, home.out];
      const staged = floats.reduce((sum, count, i) => sum + (atHome[i] && rows[i] === 1 ? 0 : count), 0);
      expect(staged).toBeLessThanOrEqual(capacity);
    }
  });

  test("logits: a table at home is read once, the hidden states are staged once", () => {
    const sizes = { m: 64, n: 50257, k: 768 };
    const block = planBlocks(layouts.matmulNT, { a: false, b: true, out: false }, sizes, 1 << 19);
    expect(block).toMatchObject({ m: 64, k: 768 });
  });

  test("the gradient of hidden states: a table at home is read once", () => {
    const sizes = { m: 64, n: 768, k: 50257 };
    const block = planBlocks(layouts.matmulNN, { a: false, b: true, out: false }, sizes, 1 << 19);
    expect(block).toMatchObject({ m: 64, n: 768 });
  });

  test("the gradient of a table at home is written in place", () => {
    const sizes = { m: 50257, n: 768, k: 64 };
    const block = planBlocks(layouts.matmulTN, { a: false, b: false, out: true }, sizes, 1 << 19);
    expect(block).toMatchObject({ n: 768, k: 64 });
  });
});

test("all at home is one call of the kernel, by pointer", () => {
  const heap = new Heap(new WebAssembly.Memory({ initial: 16, maximum: 16 }), 0);
  const calls: number[][] = [];
  const matmulNT = (...args: number[]) => void calls.push(args);
  const kernels = stagedMatmul(makeStaging({ matmulNT } as Partial<Exports> as Exports, heap, 4096));
  const blocks = [6400, 6400, 10000].map((floats) => heap.allocate(floats * 4));
  const [a, b, out] = blocks.map((block) => block.f32());
  kernels.matmulNT(a, b, 100, 100, 64, false, out);
  expect(calls).toEqual([[a.byteOffset, b.byteOffset, 100, 100, 64, 0, out.byteOffset]]);
});
