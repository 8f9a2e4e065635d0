import { expect, test } from "vitest";
import { specification } from "../../src/cli/kernels.js";
import { dims, filled, fillings, indexLists, Random, spoiled } from "./cases.js";
import { onEveryImplementationAndThreads } from "./implementations.js";
import { placesOfThree, withPlaced } from "./placed.js";

const numEmbeddings = 37;

onEveryImplementationAndThreads(({ kernels, backend }) => {
  test.each(dims)(
    "gather, rows of %i: the specification's bits from home and own memory, nothing beside them",
    (dim) => {
      const random = new Random(dim);
      for (const filling of fillings) {
        const weight = filled(random, numEmbeddings * dim, filling);
        for (const [what, indices] of Object.entries(indexLists(random, numEmbeddings))) {
          const numIndices = indices.length;
          const before = filled(random, numIndices * dim);
          const after = before.slice();
          specification.gather(weight, numEmbeddings, dim, indices, numIndices, after);
          for (const places of filling === "special" ? placesOfThree : [random.of(placesOfThree)]) {
            withPlaced(random, backend, places, [weight, indices, before] as const, (table, rows, out) => {
              const done = kernels.gather(table.floats, numEmbeddings, dim, rows.words, numIndices, out.floats);
              expect(done).toBe(numIndices);
              out.expect(after, `${what}, ${filling}, weight, indices, out: ${places}`);
              table.expect(weight, "weight");
            });
          }
        }
      }
    },
  );

  test.each(dims)("gather, rows of %i: a bad index anywhere is told by its position, and nothing is written", (dim) => {
    const random = new Random(dim);
    const weight = filled(random, numEmbeddings * dim);
    for (const good of Object.values(indexLists(random, numEmbeddings))) {
      if (good.length === 0) continue;
      const before = filled(random, good.length * dim);
      for (const places of placesOfThree) {
        withPlaced(random, backend, places, [weight, good, before] as const, (table, rows, out) => {
          for (const { position, indices, what } of spoiled(good, numEmbeddings)) {
            rows.set(indices);
            const done = kernels.gather(table.floats, numEmbeddings, dim, rows.words, good.length, out.floats);
            expect(done, what).toBe(position);
            out.expect(before, `${what}, ${places}`);
          }
        });
      }
    }
  });

  test("gather: of two bad indices the first is told", () => {
    const weight = new Float32Array(4);
    expect(kernels.gather(weight, 2, 2, Uint32Array.of(0, 1, 9, 0, 7), 5, new Float32Array(10))).toBe(2);
    expect(kernels.gather(new Float32Array(0), 0, 2, Uint32Array.of(0), 1, new Float32Array(2))).toBe(0);
  });

  test("gather: a row does not depend on the batch it is in", () => {
    const random = new Random(1);
    const dim = 17;
    const weight = filled(random, numEmbeddings * dim, "special");
    const indices = indexLists(random, numEmbeddings)["200 rows"];
    const all = new Float32Array(200 * dim);
    kernels.gather(weight, numEmbeddings, dim, indices, 200, all);
    for (let start = 0, count = 1; start < 200; start += count, count = Math.min(count + 1, 200 - start)) {
      withPlaced(
        random,
        backend,
        ["own", "own", "own"],
        [weight, indices, new Float32Array(count * dim)],
        (t, _, out) => {
          kernels.gather(t.floats, numEmbeddings, dim, indices.subarray(start, start + count), count, out.floats);
          out.expect(all.slice(start * dim, (start + count) * dim), `rows ${start} to ${start + count}`);
        },
      );
    }
  });
});
