import { expect, test } from "vitest";
import { noPadding } from "../../src/backend/backend.js";
import { specification } from "../../src/cli/kernels.js";
import { dims, filled, fillings, indexLists, Random, spoiled } from "./cases.js";
import { onEveryImplementationAndThreads } from "./implementations.js";
import { placesOfThree, withPlaced } from "./placed.js";

const numEmbeddings = 37;

onEveryImplementationAndThreads(({ kernels, backend }) => {
  test.each(dims)("scatterAdd, rows of %i: the specification's bits, with and without a padding row", (dim) => {
    const random = new Random(dim);
    for (const filling of fillings) {
      const before = filled(random, numEmbeddings * dim, filling);
      for (const [what, indices] of Object.entries(indexLists(random, numEmbeddings))) {
        const numIndices = indices.length;
        const gradOut = filled(random, numIndices * dim, filling);
        for (const padding of [noPadding, indices.at(-1) ?? 0, numEmbeddings]) {
          const after = before.slice();
          specification.scatterAdd(after, numEmbeddings, dim, indices, numIndices, padding, gradOut);
          for (const places of filling === "special" ? placesOfThree : [random.of(placesOfThree)]) {
            withPlaced(random, backend, places, [before, indices, gradOut] as const, (table, rows, grad) => {
              const done = kernels.scatterAdd(
                ...([table.floats, numEmbeddings, dim, rows.words, numIndices, padding, grad.floats] as const),
              );
              expect(done).toBe(numIndices);
              table.expect(after, `${what}, ${filling}, padding ${padding}, gradWeight, indices, gradOut: ${places}`);
              grad.expect(gradOut, "gradOut");
            });
          }
        }
      }
    }
  });

  test.each(dims)("scatterAdd, rows of %i: a bad index anywhere is told, and nothing is added", (dim) => {
    const random = new Random(dim);
    const before = filled(random, numEmbeddings * dim);
    for (const good of Object.values(indexLists(random, numEmbeddings))) {
      if (good.length === 0) continue;
      const gradOut = filled(random, good.length * dim);
      for (const places of placesOfThree) {
        withPlaced(random, backend, places, [before, good, gradOut] as const, (table, rows, grad) => {
          for (const { position, indices, what } of spoiled(good, numEmbeddings)) {
            rows.set(indices);
            const done = kernels.scatterAdd(
              ...([table.floats, numEmbeddings, dim, rows.words, good.length, noPadding, grad.floats] as const),
            );
            expect(done, what).toBe(position);
            table.expect(before, `${what}, ${places}`);
          }
        });
      }
    }
  });

  test("scatterAdd: a padding row that the table does not have is out of range like any other", () => {
    const table = new Float32Array(4);
    expect(kernels.scatterAdd(table, 2, 2, Uint32Array.of(1, 2), 2, 2, new Float32Array(4).fill(1))).toBe(1);
    expect(table).toEqual(new Float32Array(4));
  });

  test("scatterAdd: rows are added in the order of the indices", () => {
    // (1 + 2^-24) + 2^-24 is 1 in floats, 1 + (2^-24 + 2^-24) is not.
    const dim = 40;
    const tiny = new Float32Array(2 * dim).fill(2 ** -24);
    const table = new Float32Array(dim).fill(1);
    kernels.scatterAdd(table, 1, dim, Uint32Array.of(0, 0), 2, noPadding, tiny);
    expect(table).toEqual(new Float32Array(dim).fill(1));
  });
});
