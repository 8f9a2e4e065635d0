import { describe, test } from "vitest";
import { bagMax, bagMean, bagSum, type Kernels, noPadding } from "../../src/backend/backend.js";
import { allKernels, specification } from "../../src/cli/kernels.js";
import { expectSameBits } from "./bits.js";
import { filled, Random } from "./cases.js";
import { placesOfThree, withPlaced } from "./placed.js";
import { openWithWindow } from "./windowed.js";

/** What window.test.ts is to the other kernels. */
describe.each(["simd", "scalar"] as const)("wasm:%s", (isa) => {
  describe.each([4096, 16384])("a window of %i bytes", (windowBytes) => {
    const backend = openWithWindow(isa, windowBytes);

    test("bags of any sizes, some larger than the window", () => {
      const random = new Random(windowBytes);
      for (let round = 0; round < 60; round++) {
        const rows = 1 + random.below(50);
        const dim = random.of([0, 1, 3, 8, 33, 100, 600]);
        const ends = [random.below(3)];
        for (let b = random.below(40); b > 0; b--)
          ends.push(ends[ends.length - 1] + random.of([0, 1, 2, 9, 300, 3000]));
        const numBags = ends.length - 1;
        const numIndices = ends[numBags] + random.below(3);
        const indices = Uint32Array.from({ length: numIndices }, () => random.below(rows));
        const offsets = Uint32Array.from(ends);
        const table = filled(random, rows * dim);
        const bagRows = filled(random, numBags * dim);
        const weights = random.of([new Float32Array(0), filled(random, numIndices)]);
        const mode = random.of([bagSum, bagMean, bagMax]);
        const padding = random.of([noPadding, 0]);
        const before = filled(random, rows * dim);
        const run = (
          kernels: Kernels,
          ...[t, i, w, g, to]: [Float32Array, Uint32Array, Float32Array, Float32Array, Float32Array]
        ) => {
          const out = g.slice(0, numBags * dim);
          const dots = new Float32Array(numIndices);
          kernels.gatherBags(t, rows, dim, i, numIndices, offsets, numBags, mode, padding, w, out);
          kernels.dotBags(t, rows, dim, i, numIndices, offsets, numBags, padding, g, dots);
          kernels.scatterAddMaxBags(to, rows, t, rows, dim, i, i, numIndices, offsets, numBags, padding, g);
          kernels.scatterAddBags(t, rows, dim, i, numIndices, offsets, numBags, padding, w, g);
          return { out, dots };
        };
        const [sums, grads] = [table.slice(), before.slice()];
        const expected = run(specification, sums, indices, weights, bagRows, grads);
        const places = [...random.of(placesOfThree), random.of(["home", "own"] as const)];
        withPlaced(random, backend, places, [table, indices, bagRows, before] as const, (t, i, g, to) => {
          const actual = run(allKernels(backend), t.floats, i.words, weights, g.floats, to.floats);
          for (const name of ["out", "dots"] as const) expectSameBits(actual[name], expected[name], name);
          t.expect(sums, `round ${round}, ${places}`);
          to.expect(grads, `max, round ${round}, ${places}`);
          g.expect(bagRows, "gradOut");
        });
      }
    });
  });
});
