import { expect, test } from "vitest";
import { specification } from "../../src/cli/kernels.js";
import { expectSameBits } from "./bits.js";
import { filled, Random } from "./cases.js";
import { onEveryImplementationAndThreads } from "./implementations.js";

/** More rows than caches hold: they are written past them where the machine can, at any alignment, one thread or several. */
const leastFloats = 5 * 1024 * 1024;
const numEmbeddings = 500;

onEveryImplementationAndThreads(({ kernels }) => {
  test.each([4, 16, 68, 100, 102, 516])("gather, 5 million floats in rows of %i", (dim) => {
    const random = new Random(dim);
    const weight = filled(random, numEmbeddings * dim, "special");
    const numIndices = Math.ceil(leastFloats / dim);
    const indices = Uint32Array.from({ length: numIndices }, () => random.below(numEmbeddings));
    const expected = new Float32Array(numIndices * dim);
    specification.gather(weight, numEmbeddings, dim, indices, numIndices, expected);
    for (const offset of dim === 68 ? [0, 1, 4, 8, 12, 13] : [4]) {
      const memory = new Float32Array(offset + expected.length + 3).fill(7);
      const out = memory.subarray(offset, offset + expected.length);
      expect(kernels.gather(weight, numEmbeddings, dim, indices, numIndices, out)).toBe(numIndices);
      expectSameBits(out, expected, `out from ${offset} on`);
      const beside = [...memory.subarray(0, offset), ...memory.subarray(offset + expected.length)];
      expect(beside.every((value) => value === 7)).toBe(true);
    }
    // A row that is not there: nothing is written.
    indices[numIndices - 1] = numEmbeddings;
    const untouched = new Float32Array(expected.length);
    expect(kernels.gather(weight, numEmbeddings, dim, indices, numIndices, untouched)).toBe(numIndices - 1);
    expect(untouched.every((value) => value === 0)).toBe(true);
  });
});
