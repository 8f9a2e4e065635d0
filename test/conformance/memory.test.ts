import { describe, expect, test } from "vitest";
import { type Backend, type Block, noPadding } from "../../src/backend/backend.js";
import { allKernels, specification } from "../../src/cli/kernels.js";
import { refusalOf } from "../refusals.js";
import { expectSameBits } from "./bits.js";
import { filled, Random } from "./cases.js";
import { onEveryImplementationAndThreads } from "./implementations.js";
import { Placed, placesOfThree, withPlaced } from "./placed.js";

const [numEmbeddings, dim] = [50, 19];

/** Looks up, adds to and multiplies with a table, and compares with the specification. */
function expectWorking(backend: Backend, table: Placed, weight: Float32Array): void {
  const random = new Random(2);
  const indices = Uint32Array.from({ length: 80 }, () => random.below(numEmbeddings));
  const rows = new Float32Array(80 * dim);
  expect(allKernels(backend).gather(table.floats, numEmbeddings, dim, indices, 80, rows)).toBe(80);
  const logits = new Float32Array(80 * numEmbeddings);
  allKernels(backend).matmulNT(rows, table.floats, 80, numEmbeddings, dim, false, logits);
  expect(allKernels(backend).scatterAdd(table.floats, numEmbeddings, dim, indices, 80, noPadding, rows)).toBe(80);

  const lawfulRows = new Float32Array(80 * dim);
  specification.gather(weight, numEmbeddings, dim, indices, 80, lawfulRows);
  expectSameBits(rows, lawfulRows, "gather");
  const lawfulLogits = new Float32Array(80 * numEmbeddings);
  specification.matmulNT(lawfulRows, weight, 80, numEmbeddings, dim, false, lawfulLogits);
  expectSameBits(logits, lawfulLogits, "matmulNT");
  specification.scatterAdd(weight, numEmbeddings, dim, indices, 80, noPadding, lawfulRows);
  table.expect(weight, "scatterAdd");
}

function allocateIfThereIs(backend: Backend, byteLength: number): Block | undefined {
  try {
    return backend.allocate(byteLength);
  } catch {
    return undefined;
  }
}

onEveryImplementationAndThreads(({ name, backend }) => {
  describe("memory", () => {
    test("tables made before and after it grew, and given back in between", () => {
      const random = new Random(1);
      const weights = [0, 1, 2].map(() => filled(random, numEmbeddings * dim, "special"));
      const before = new Placed(random, backend, "home", weights[0]);
      const stale = before.floats;
      expectWorking(backend, before, weights[0]);

      const filler = backend.allocate(24 * 2 ** 20);
      if (name.startsWith("wasm")) expect(stale.length, "memory grew and moved").toBe(0);
      const after = new Placed(random, backend, "home", weights[1]);
      expectWorking(backend, before, weights[0]);
      expectWorking(backend, after, weights[1]);

      filler.f32().fill(Number.NaN);
      filler.dispose();
      const reused = new Placed(random, backend, "home", weights[2]);
      expectWorking(backend, reused, weights[2]);
      expectWorking(backend, before, weights[0]);
      for (const each of [before, after, reused]) each.dispose();
    });

    test("blocks are zeroed, also where others have been, and aligned to cache lines", () => {
      for (let i = 0; i < 20; i++) {
        const blocks = [4, 60, 64, 68, 4096, 100_000].map((bytes) => backend.allocate(bytes));
        for (const block of blocks) {
          expect(block.f32().every((value) => Object.is(value, 0))).toBe(true);
          if (name.startsWith("wasm")) expect(block.f32().byteOffset % 64).toBe(0);
        }
        for (const block of blocks) block.u32().fill(0xffffffff);
        for (const block of blocks) block.dispose();
      }
    });

    test("views of a block are one memory, and end with it", () => {
      const block = backend.allocate(40);
      expect(block.byteLength).toBe(40);
      block.f32().fill(1);
      block.f32(8, 2).fill(-0);
      expect([...block.u32(4, 4)]).toEqual([0x3f800000, 0x80000000, 0x80000000, 0x3f800000]);
      expect(refusalOf(() => block.f32(0, 11))).toBe(
        "RangeError [ERR_OUT_OF_RANGE]: length is 11, expected an integer in [0, 10]",
      );
      for (const byteOffset of [2, -4, 44]) {
        expect(refusalOf(() => block.u32(byteOffset))).toBe(
          `RangeError [ERR_OUT_OF_RANGE]: byteOffset is ${byteOffset}, expected a multiple of 4 in [0, 40]`,
        );
      }
      expect(backend.allocate(0).f32()).toHaveLength(0);
      block.dispose();
      block.dispose();
      expect(block.byteLength).toBe(0);
      for (const use of [() => block.f32(), () => block.u32()]) {
        expect(refusalOf(use)).toBe("TypeError [ERR_DISPOSED]: block is disposed, expected one in use");
      }
    });

    test("more than there can be is refused as such, and the next allocation works", () => {
      for (const bytes of [2 ** 53 - 8, 2 ** 52]) {
        const refusal = expect.objectContaining({ name: "RangeError", code: "ERR_OUT_OF_MEMORY" });
        expect(() => backend.allocate(bytes)).toThrow(refusal);
      }
      expect(backend.allocate(64).f32()).toHaveLength(16);
    });

    test("the caller's arrays may lie in a SharedArrayBuffer", () => {
      const shared = (values: Float32Array) => {
        const copy = new Float32Array(new SharedArrayBuffer(values.byteLength + 4), 4);
        copy.set(values);
        return copy;
      };
      const weight = filled(new Random(5), numEmbeddings * dim);
      const out = shared(new Float32Array(2 * dim));
      const indices = new Uint32Array(new SharedArrayBuffer(8));
      indices.set([3, 49]);
      expect(allKernels(backend).gather(shared(weight), numEmbeddings, dim, indices, 2, out)).toBe(2);
      expectSameBits(out.slice(0, dim), weight.slice(3 * dim, 4 * dim), "row 3");
    });
  });

  describe("more indices than the staging window holds", () => {
    // The window of WASM holds 524,288 floats and indices.
    const cases = [
      { rowLength: 0, numIndices: 600_000 },
      { rowLength: 1, numIndices: 600_000 },
      { rowLength: 3, numIndices: 200_001 },
      { rowLength: 300, numIndices: 4_000 },
      { rowLength: 524_289, numIndices: 3 },
    ];
    test.each(cases)("$numIndices rows of $rowLength", ({ rowLength, numIndices }) => {
      const random = new Random(numIndices);
      const rows = rowLength > 1000 ? 2 : 100;
      const weight = filled(random, rows * rowLength);
      const indices = Uint32Array.from({ length: numIndices }, () => random.below(rows));
      const gradOut = filled(random, numIndices * rowLength);
      const gathered = new Float32Array(numIndices * rowLength);
      specification.gather(weight, rows, rowLength, indices, numIndices, gathered);
      const summed = weight.slice();
      specification.scatterAdd(summed, rows, rowLength, indices, numIndices, 1, gradOut);
      const kernels = allKernels(backend);
      for (const places of placesOfThree.filter(([table]) => table === "home")) {
        withPlaced(random, backend, places, [weight, indices, gradOut] as const, (table, list, batch) => {
          expect(kernels.scatterAdd(table.floats, rows, rowLength, list.words, numIndices, 1, batch.floats)).toBe(
            numIndices,
          );
          table.expect(summed, `scatterAdd, ${places}`);
          table.set(weight);
          const { words } = list;
          for (const bad of [numIndices - 1, 0]) {
            const good = words[bad];
            words[bad] = rows;
            expect(kernels.scatterAdd(table.floats, rows, rowLength, words, numIndices, 1, batch.floats)).toBe(bad);
            table.expect(weight, `refused scatterAdd, ${places}`);
            expect(kernels.gather(table.floats, rows, rowLength, words, numIndices, batch.floats)).toBe(bad);
            batch.expect(gradOut, `refused gather, ${places}`);
            words[bad] = good;
          }
          expect(kernels.gather(table.floats, rows, rowLength, words, numIndices, batch.floats)).toBe(numIndices);
          batch.expect(gathered, `gather, ${places}`);
        });
      }
    });
  });

  test("what is given back is used again", () => {
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 1000; i++) {
      const block = backend.allocate(1_000_000);
      expect(block.f32(0, 250_000)[i]).toBe(0);
      block.f32(0, 250_000).fill(1);
      block.dispose();
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(500e6);
  });

  if (!name.startsWith("wasm")) return;
  test("tables above 2 GiB, where a signed address would be negative", (context) => {
    const weight = filled(new Random(8), numEmbeddings * dim);
    const low = allocateIfThereIs(backend, 2 ** 31);
    if (low === undefined) return context.skip("this machine does not give 2 GiB to one memory");
    const table = new Placed(new Random(1), backend, "home", weight);
    expect(table.floats.byteOffset).toBeGreaterThan(2 ** 31);
    expectWorking(backend, table, weight);
    table.dispose();
    low.dispose();
  });
});
