import { describe, expect, test } from "vitest";
import { specification } from "../src/backend/js/js.js";
import type { Exports } from "../src/backend/wasm/exports.js";
import { Heap } from "../src/backend/wasm/heap.js";
import { layouts, planBlocks, type Sizes } from "../src/backend/wasm/plan.js";
import { stagedKernels } from "../src/backend/wasm/stage.js";

// The kernels behind the stage are the specification itself, reading linear memory: what differs, the stage did.

type ProductName = keyof typeof layouts;
const productNames = Object.keys(layouts) as ProductName[];

function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Kernels over pointers, as a module would export them, and how often they were called. */
function specificationOver(memory: WebAssembly.Memory) {
  const calls = { kernel: 0, continueDot: 0 };
  const f32 = (at: number, length: number) => new Float32Array(memory.buffer, at, length);
  const u32 = (at: number, length: number) => new Uint32Array(memory.buffer, at, length);
  const product =
    (name: ProductName): Exports["matmulNN"] =>
    (a, b, m, n, k, accumulate, out) => {
      calls.kernel++;
      specification[name](f32(a, m * k), f32(b, n * k), m, n, k, accumulate !== 0, f32(out, m * n));
    };
  const exports: Exports = {
    heapBase: () => 4096,
    gather(weight, numEmbeddings, embeddingDim, indices, numIndices, out) {
      calls.kernel++;
      const table = f32(weight, numEmbeddings * embeddingDim);
      const to = f32(out, numIndices * embeddingDim);
      return specification.gather(table, numEmbeddings, embeddingDim, u32(indices, numIndices), numIndices, to);
    },
    scatterAdd(gradWeight, numEmbeddings, embeddingDim, indices, numIndices, paddingIdx, gradOut) {
      calls.kernel++;
      const table = f32(gradWeight, numEmbeddings * embeddingDim);
      const from = f32(gradOut, numIndices * embeddingDim);
      const ids = u32(indices, numIndices);
      return specification.scatterAdd(table, numEmbeddings, embeddingDim, ids, numIndices, paddingIdx, from);
    },
    matmulNN: product("matmulNN"),
    matmulNT: product("matmulNT"),
    matmulTN: product("matmulTN"),
    sumExponentials(statistics, logits, numRows, numColumns, bias) {
      calls.kernel++;
      const offsets = f32(bias, bias === 0 ? 0 : numColumns);
      specification.sumExponentials(
        f32(statistics, numRows * 3),
        f32(logits, numRows * numColumns),
        numRows,
        numColumns,
        offsets,
      );
    },
    softmaxGradient(logits, numRows, numColumns, bias, coefficients) {
      calls.kernel++;
      const offsets = f32(bias, bias === 0 ? 0 : numColumns);
      specification.softmaxGradient(
        f32(logits, numRows * numColumns),
        numRows,
        numColumns,
        offsets,
        f32(coefficients, numRows * 3),
      );
    },
    continueDot(a, b, k, lanes) {
      calls.continueDot++;
      const [left, right, s] = [f32(a, k), f32(b, k), f32(lanes, 8)];
      for (let p = 0; p < k; p++) s[p & 7] += Math.fround(left[p] * right[p]);
      const f = Math.fround;
      return f(f(f(s[0] + s[4]) + f(s[2] + s[6])) + f(f(s[1] + s[5]) + f(s[3] + s[7])));
    },
  };
  return { exports, calls };
}

/** A heap and kernels that stage through a small window, and guards on both sides of the window. */
function makeStage(windowBytes: number) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2048 });
  const heap = new Heap(memory, 4096);
  const { exports, calls } = specificationOver(memory);
  const before = heap.allocate(64);
  const kernels = stagedKernels(exports, heap, windowBytes);
  const after = heap.allocate(64);
  const isIntact = () => [before, after].every((guard) => guard.u32().every((word) => word === 0));
  /** The same values: at home, or the caller's, perhaps longer than asked, perhaps shared between threads. */
  const place = <View extends Float32Array | Uint32Array>(
    values: View,
    home: boolean,
    random: (n: number) => number,
  ) => {
    const odd = random(4);
    if (home) {
      const block = heap.allocate((values.length + odd) * 4);
      const view = () => (values instanceof Float32Array ? block.f32(odd * 4) : block.u32(odd * 4)) as View;
      view().set(values);
      return { view, dispose: () => block.dispose() };
    }
    const bytes = (values.length + odd + 3) * 4;
    const buffer = random(2) === 0 ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);
    const caller = (
      values instanceof Float32Array ? new Float32Array(buffer, odd * 4) : new Uint32Array(buffer, odd * 4)
    ) as View;
    caller.set(values);
    return { view: () => caller, dispose: () => {} };
  };
  return { heap, kernels, calls, isIntact, place };
}

function randomFloats(length: number, random: (n: number) => number): Float32Array {
  return Float32Array.from({ length }, () => (random(2 ** 20) / 2 ** 19 - 1) * 10 ** (random(7) - 3));
}

/** Bit for bit: -0 is not 0. */
function expectSameBits(actual: Float32Array, expected: Float32Array): void {
  let at = 0;
  while (at < expected.length && Object.is(actual[at], expected[at])) at++;
  expect(at, "the first float that differs").toBe(expected.length);
}

describe("matrix products", () => {
  const shapes: readonly (readonly [m: number, n: number, k: number])[] = [
    [5, 7, 11],
    [1, 40, 300],
    [40, 1, 300],
    [33, 50, 65],
    [3, 200, 257],
    [200, 3, 513],
    [17, 19, 770],
    [70, 70, 16],
    [2, 3, 0],
    [0, 3, 5],
  ];
  for (const name of productNames) {
    test.each([4096, 16384, 1 << 20])(
      `${name} gives the same bits through a window of %i bytes, whatever is at home`,
      (windowBytes) => {
        const random = seeded(windowBytes);
        const { heap, kernels, isIntact, place } = makeStage(windowBytes);
        for (const [m, n, k] of shapes) {
          for (let homes = 0; homes < 8; homes++) {
            for (const accumulate of [false, true]) {
              const [a, b, out] = [m * k, n * k, m * n].map((length) => randomFloats(length, random));
              const operands = [a, b, out].map((values, i) => place(values, (homes & (1 << i)) !== 0, random));
              const { buffer } = heap;
              const [viewA, viewB, viewOut] = operands.map(({ view }) => view());
              kernels[name](viewA, viewB, m, n, k, accumulate, viewOut);
              specification[name](a, b, m, n, k, accumulate, out);
              expect(heap.buffer).toBe(buffer);
              expect(isIntact()).toBe(true);
              expectSameBits(viewOut, out);
              for (const operand of operands) operand.dispose();
            }
          }
        }
      },
    );
  }

  test("rows that do not fit the window twice are summed in stretches", () => {
    const random = seeded(9);
    const { kernels, calls, place } = makeStage(4096);
    const [m, n, k] = [2, 3, 1501];
    for (let homes = 0; homes < 8; homes++) {
      const [a, b, out] = [m * k, n * k, m * n].map((length) => randomFloats(length, random));
      const placed = [a, b, out].map((values, i) => place(values, (homes & (1 << i)) !== 0, random));
      const operands = placed.map(({ view }) => view());
      kernels.matmulNT(operands[0], operands[1], m, n, k, true, operands[2]);
      specification.matmulNT(a, b, m, n, k, true, out);
      expectSameBits(operands[2], out);
    }
    expect(calls.continueDot).toBeGreaterThan(0);
  });

  test("all at home is one call of the kernel", () => {
    const random = seeded(1);
    const { kernels, calls, place } = makeStage(4096);
    const [a, b, out] = [6400, 6400, 10000].map((length) => place(randomFloats(length, random), true, random));
    kernels.matmulNT(a.view(), b.view(), 100, 100, 64, false, out.view());
    expect(calls.kernel).toBe(1);
  });
});

describe("plans", () => {
  test("a block fits the window, covers something, and cuts k only where the order of sums allows", () => {
    const random = seeded(3);
    for (let round = 0; round < 2000; round++) {
      const name = productNames[random(3)];
      const size = () => 1 + random(10 ** (1 + random(5)));
      const sizes: Sizes = { m: size(), n: size(), k: size() };
      const home = { a: random(2) === 0, b: random(2) === 0, out: random(2) === 0 };
      const capacity = 1024 * (1 + random(1024));
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

describe("rows", () => {
  test.each([256, 4096])(
    "gather and scatterAdd give the same bits and counts through a window of %i bytes",
    (windowBytes) => {
      const random = seeded(windowBytes);
      const { heap, kernels, isIntact, place } = makeStage(windowBytes);
      for (let round = 0; round < 600; round++) {
        const numEmbeddings = 1 + random(20);
        const embeddingDim = random(5) === 0 ? 100 : random(12); // 100 floats are more than the smaller window
        const numIndices = random(3) === 0 ? random(2000) : random(20);
        const weight = randomFloats(numEmbeddings * embeddingDim, random);
        const rows = randomFloats(numIndices * embeddingDim, random);
        const indices = Uint32Array.from({ length: numIndices }, () => random(numEmbeddings));
        if (numIndices > 0 && random(3) === 0) {
          indices[[0, numIndices - 1, random(numIndices)][random(3)]] = [numEmbeddings, 0xffffffff][random(2)];
        }
        const paddingIdx = random(2) === 0 ? 0xffffffff : random(numEmbeddings);
        const homes = random(8);
        const operands = [
          place(weight, (homes & 1) !== 0, random),
          place(indices, (homes & 2) !== 0, random),
          place(rows, (homes & 4) !== 0, random),
        ] as const;
        if (round % 50 === 0) heap.allocate(100_000).dispose(); // memory may move between calls
        const [table, ids, other] = operands.map(({ view }) => view()) as [Float32Array, Uint32Array, Float32Array];
        const { buffer } = heap;

        const added = kernels.scatterAdd(table, numEmbeddings, embeddingDim, ids, numIndices, paddingIdx, other);
        const expected = specification.scatterAdd(
          weight,
          numEmbeddings,
          embeddingDim,
          indices,
          numIndices,
          paddingIdx,
          rows,
        );
        expect(added).toBe(expected);
        expectSameBits(table, weight);

        const copied = kernels.gather(table, numEmbeddings, embeddingDim, ids, numIndices, other);
        expect(copied).toBe(expected);
        specification.gather(weight, numEmbeddings, embeddingDim, indices, numIndices, rows);
        expectSameBits(other, rows);

        expect(heap.buffer).toBe(buffer);
        expect(isIntact()).toBe(true);
        for (const operand of operands) operand.dispose();
      }
    },
  );
});
