import { describe, expect, test } from "vitest";
import type { Backend } from "../../src/backend/backend.js";
import { selectBackend } from "../../src/backend/select.js";
import { allKernels } from "../../src/cli/kernels.js";
import { dims, filled, fillings, indexLists, Random, spoiled } from "./cases.js";
import { onEveryImplementationAndThreads } from "./implementations.js";
import { type Place, withPlaced } from "./placed.js";
import { openWithWindow } from "./windowed.js";

const numEmbeddings = 37;
const contextLength = 23;

/** All ways to place weight, indices, positionWeight and out. */
const placesOfFour = Array.from({ length: 16 }, (_, bits) =>
  [1, 2, 4, 8].map((bit): Place => (bits & bit ? "home" : "own")),
);

/** Sequence lengths and where they start: single positions, the whole context, and the end of it. */
const sequences = [
  [1, 0],
  [1, 22],
  [5, 3],
  [7, 16],
  [23, 0],
] as const;

interface Case {
  readonly dim: number;
  readonly weight: Float32Array;
  readonly positions: Float32Array;
  readonly indices: Uint32Array;
}

/** Runs the kernel on arrays placed so, and compares what it wrote with the law, and what it read with what was there. */
function run(
  backend: Backend,
  random: Random,
  at: Case,
  sequenceLength: number,
  start: number,
  places: readonly Place[],
) {
  const { dim, weight, positions, indices } = at;
  const numIndices = indices.length;
  const expected = Float32Array.from({ length: numIndices * dim }, (_, to) => {
    const [i, j] = [Math.floor(to / dim), to % dim];
    return weight[indices[i] * dim + j] + positions[(start + (i % sequenceLength)) * dim + j];
  });
  const before = filled(random, numIndices * dim);
  const what = `${numIndices} of ${sequenceLength} from ${start}: weight, indices, positionWeight, out: ${places}`;
  withPlaced(random, backend, places, [weight, indices, positions, before] as const, (table, rows, context, out) => {
    const done = allKernels(backend).gatherSum(
      ...([table.floats, numEmbeddings, dim, rows.words, numIndices] as const),
      ...([context.floats, sequenceLength, start, out.floats] as const),
    );
    expect(done).toBe(numIndices);
    out.expect(expected, what);
    table.expect(weight, "weight");
    context.expect(positions, "positionWeight");
  });
}

onEveryImplementationAndThreads(({ backend }) => {
  const kernels = allKernels(backend);

  test.each(dims)("gatherSum, rows of %i: the law's bits from home and own memory, nothing beside them", (dim) => {
    const random = new Random(dim);
    for (const filling of fillings) {
      const weight = filled(random, numEmbeddings * dim, filling);
      const positions = filled(random, contextLength * dim, filling);
      for (const indices of Object.values(indexLists(random, numEmbeddings))) {
        const [sequenceLength, start] = random.of(sequences);
        for (const places of [random.of(placesOfFour), random.of(placesOfFour)]) {
          run(backend, random, { dim, weight, positions, indices }, sequenceLength, start, places);
        }
      }
    }
  });

  test.each(dims)("gatherSum, rows of %i: a bad index anywhere is told by its position, nothing is written", (dim) => {
    const random = new Random(dim);
    const weight = filled(random, numEmbeddings * dim);
    const positions = filled(random, contextLength * dim);
    for (const good of Object.values(indexLists(random, numEmbeddings))) {
      if (good.length === 0) continue;
      const before = filled(random, good.length * dim);
      for (const places of [random.of(placesOfFour), random.of(placesOfFour)]) {
        withPlaced(random, backend, places, [weight, good, positions, before] as const, (table, rows, context, out) => {
          for (const { position, indices, what } of spoiled(good, numEmbeddings)) {
            rows.set(indices);
            const done = kernels.gatherSum(
              ...([table.floats, numEmbeddings, dim, rows.words, good.length] as const),
              ...([context.floats, 5, 3, out.floats] as const),
            );
            expect(done, what).toBe(position);
            out.expect(before, `${what}, ${places}`);
          }
        });
      }
    }
  });

  test("gatherSum: the sums of a sequence do not depend on the batch it is in", () => {
    const random = new Random(1);
    const dim = 17;
    const weight = filled(random, numEmbeddings * dim, "special");
    const positions = filled(random, contextLength * dim, "special");
    const indices = indexLists(random, numEmbeddings)["200 rows"];
    const sums = (list: Uint32Array, sequenceLength: number, start: number) => {
      const out = new Float32Array(list.length * dim);
      const context = [positions, sequenceLength, start, out] as const;
      kernels.gatherSum(weight, numEmbeddings, dim, list, list.length, ...context);
      return out;
    };
    const all = sums(indices, 20, 2);
    for (let i = 0; i < 200; i++) {
      const alone = sums(indices.subarray(i, i + 1), 1, 2 + (i % 20));
      expect(new Uint32Array(alone.buffer)).toEqual(new Uint32Array(all.slice(i * dim, (i + 1) * dim).buffer));
    }
  });
});

test.each(fillings)("the specification of gatherSum adds the two rows, %s values", (filling) => {
  const random = new Random(3);
  const backend: Backend = { ...selectBackend("js"), allocate: () => expect.fail() };
  for (const [sequenceLength, start] of sequences) {
    const weight = filled(random, numEmbeddings * 3, filling);
    const positions = filled(random, contextLength * 3, filling);
    const indices = indexLists(random, numEmbeddings)["200 rows"];
    const own = ["own", "own", "own", "own"] as const;
    run(backend, random, { dim: 3, weight, positions, indices }, sequenceLength, start, own);
  }
});

/** Tables at home, or else the window is not used; a chunk ends in the middle of a sequence when out is not. */
const staged = [
  ["home", "own", "home", "own"],
  ["home", "home", "home", "own"],
  ["home", "own", "home", "home"],
] as const;

describe.each(["simd", "scalar"] as const)("wasm:%s", (isa) => {
  test.each([4096, 16384])("gatherSum through a window of %i bytes: the cuts do not show", (windowBytes) => {
    const backend = openWithWindow(isa, windowBytes);
    const random = new Random(windowBytes);
    for (let round = 0; round < 40; round++) {
      const dim = random.of([0, 1, 3, 8, 33, 100, 600, 2000]);
      const weight = filled(random, numEmbeddings * dim);
      const positions = filled(random, contextLength * dim);
      const indices = Uint32Array.from({ length: random.of([0, 1, 10, 115, 400]) }, () => random.below(numEmbeddings));
      const [sequenceLength, start] = random.of(sequences);
      run(backend, random, { dim, weight, positions, indices }, sequenceLength, start, random.of(staged));
    }
  });
});
