import { describe, expect, test } from "vitest";
import { bagMax, bagMean, bagSum, type Kernels, noPadding } from "../../src/backend/backend.js";
import { allKernels, specification } from "../../src/cli/kernels.js";
import { bagCases, numEmbeddings, valuesFor } from "./bagCases.js";
import { dims, filled, fillings, Random, spoiled } from "./cases.js";
import { onEveryImplementationAndThreads } from "./implementations.js";
import { type Place, withPlaced } from "./placed.js";

const modes = { sum: bagSum, mean: bagMean, max: bagMax };
const none = new Float32Array(0);

/** A kernel's arguments are made by this from its arrays; the array it writes is the one that is compared. */
type Arrays = readonly (Float32Array | Uint32Array)[];
type Call = (kernels: Kernels, ...arrays: never[]) => number;

onEveryImplementationAndThreads(({ backend }) => {
  /** The specification and the kernel on the same arrays, wherever they lie: the same count, the same bits in all of them. */
  function compare(random: Random, what: string, arrays: Arrays, call: Call, rounds = 2): void {
    const expected = arrays.map((array) => array.slice());
    const count = call(specification, ...(expected as never[]));
    for (let round = 0; round < rounds; round++) {
      const places = arrays.map((): Place => (round === 0 ? "home" : random.of(["home", "own"])));
      withPlaced(random, backend, places, arrays, (...placed) => {
        const given = placed.map((each, i) => (arrays[i] instanceof Uint32Array ? each.words : each.floats));
        // An array of nothing means that there is none: it may not go on over its guards.
        const exact = given.map((each, i) => (arrays[i].length === 0 ? each.subarray(0, 0) : each));
        expect(call(allKernels(backend), ...(exact as never[])), what).toBe(count);
        placed.forEach((each, i) => {
          const floats = new Float32Array(expected[i].buffer, 0, expected[i].length);
          each.expect(floats, `${what}, array ${i}, ${places}`);
        });
      });
    }
  }

  describe.each(dims)("rows of %i", (dim) => {
    test.each(fillings)("gatherBags: the specification's bits, %s values", (filling) => {
      const random = new Random(dim);
      for (const bags of bagCases(random)) {
        const { weight, bagRows, weights } = valuesFor(bags, random, dim, filling);
        for (const [name, mode] of Object.entries(modes)) {
          for (const sampleWeights of mode === bagMax ? [weights] : [none, weights]) {
            compare(
              random,
              `${name}, ${bags.what}, ${sampleWeights.length} weights`,
              [weight, bags.indices, bags.offsets, sampleWeights, bagRows],
              (
                kernels,
                table: Float32Array,
                rows: Uint32Array,
                ends: Uint32Array,
                w: Float32Array,
                out: Float32Array,
              ) =>
                kernels.gatherBags(
                  ...([table, numEmbeddings, dim, rows, bags.indices.length, ends, bags.numBags] as const),
                  ...([mode, bags.paddingIdx, w, out] as const),
                ),
            );
          }
        }
      }
    });

    test.each(fillings)("scatterAddBags: the specification's bits, %s values", (filling) => {
      const random = new Random(dim);
      for (const bags of bagCases(random)) {
        const { weight, bagRows, weights } = valuesFor(bags, random, dim, filling);
        for (const scales of [none, weights]) {
          compare(
            random,
            `${bags.what}, ${scales.length} scales`,
            [weight, bags.indices, bags.offsets, scales, bagRows],
            (kernels, table: Float32Array, rows: Uint32Array, ends: Uint32Array, s: Float32Array, grad: Float32Array) =>
              kernels.scatterAddBags(
                ...([table, numEmbeddings, dim, rows, bags.indices.length, ends, bags.numBags] as const),
                ...([bags.paddingIdx, s, grad] as const),
              ),
          );
        }
      }
    });

    test.each(fillings)("scatterAddMaxBags: the specification's bits, %s values", (filling) => {
      const random = new Random(dim);
      const numRows = 50;
      for (const bags of bagCases(random)) {
        const { weight, bagRows } = valuesFor(bags, random, dim, filling);
        const gradWeight = filled(random, numRows * dim, filling);
        const places = bags.indices.map((row) => numRows - 1 - row);
        compare(
          random,
          bags.what,
          [gradWeight, weight, bags.indices, places, bags.offsets, bagRows],
          (
            kernels,
            ...[to, table, rows, at, ends, grad]: [
              Float32Array,
              Float32Array,
              Uint32Array,
              Uint32Array,
              Uint32Array,
              Float32Array,
            ]
          ) =>
            kernels.scatterAddMaxBags(
              ...([to, numRows, table, numEmbeddings, dim, rows, at, bags.indices.length, ends] as const),
              ...([bags.numBags, bags.paddingIdx, grad] as const),
            ),
        );
      }
    });

    test.each(fillings)("dotBags: the specification's bits, %s values", (filling) => {
      const random = new Random(dim);
      for (const bags of bagCases(random)) {
        const { weight, bagRows, weights } = valuesFor(bags, random, dim, filling);
        compare(
          random,
          bags.what,
          [weight, bags.indices, bags.offsets, bagRows, weights],
          (kernels, table: Float32Array, rows: Uint32Array, ends: Uint32Array, grad: Float32Array, out: Float32Array) =>
            kernels.dotBags(
              ...([table, numEmbeddings, dim, rows, bags.indices.length, ends, bags.numBags] as const),
              ...([bags.paddingIdx, grad, out] as const),
            ),
        );
      }
    });

    test("a bad index anywhere, in a bag or in none, is told by its position, and nothing is written", () => {
      const random = new Random(dim);
      const offsets = Uint32Array.of(2, 2, 9, 70, 77);
      const good = Uint32Array.from({ length: 80 }, () => random.below(numEmbeddings));
      const table = filled(random, numEmbeddings * dim);
      const bagRows = filled(random, 4 * dim);
      const perIndex = filled(random, 80);
      for (const { indices: bad, position, what } of spoiled(good, numEmbeddings)) {
        const call = (kernel: keyof Kernels, arrays: Arrays, run: Call): void => {
          compare(random, `${kernel}, ${what}`, arrays, run, 1);
          expect(run(specification, ...(arrays.map((array) => array.slice()) as never[]))).toBe(position);
        };
        type Given = [Float32Array, Uint32Array, Uint32Array, Float32Array, Float32Array];
        const arrays = [table, bad, offsets, perIndex, bagRows] as const;
        const sizes = [numEmbeddings, dim] as const;
        call("gatherBags", arrays, (kernels, ...[w, rows, ends, each, out]: Given) =>
          kernels.gatherBags(w, ...sizes, rows, 80, ends, 4, bagMean, noPadding, each, out),
        );
        call("scatterAddBags", arrays, (kernels, ...[w, rows, ends, each, grad]: Given) =>
          kernels.scatterAddBags(w, ...sizes, rows, 80, ends, 4, noPadding, each, grad),
        );
        call("dotBags", arrays, (kernels, ...[w, rows, ends, each, grad]: Given) =>
          kernels.dotBags(w, ...sizes, rows, 80, ends, 4, noPadding, grad, each),
        );
        type Both = [Float32Array, Float32Array, Uint32Array, Uint32Array, Uint32Array, Float32Array];
        const max = (kernels: Kernels, ...[to, w, rows, at, ends, grad]: Both) =>
          kernels.scatterAddMaxBags(to, numEmbeddings, w, ...sizes, rows, at, 80, ends, 4, noPadding, grad);
        call("scatterAddMaxBags", [table, table, bad, good, offsets, bagRows], max as Call);
        call("scatterAddMaxBags", [table, table, good, bad, offsets, bagRows], max as Call);
      }
    });
  });

  test("max: the first of equals stays, and a NaN only when it comes first", () => {
    for (const dim of [1, 4, 16, 37]) {
      const weight = new Float32Array(4 * dim)
        .fill(Number.NaN, 0, dim)
        .fill(-0, dim, 2 * dim)
        .fill(3, 3 * dim);
      const maxOf = (...rows: number[]): number => {
        const out = new Float32Array(dim);
        const ends = Uint32Array.of(0, rows.length);
        const list = Uint32Array.from(rows);
        allKernels(backend).gatherBags(weight, 4, dim, list, rows.length, ends, 1, bagMax, noPadding, none, out);
        expect(out.every((value) => Object.is(value, out[0]))).toBe(true);
        return out[0];
      };
      expect(maxOf(0, 3)).toBeNaN();
      expect(maxOf(3, 0)).toBe(3);
      expect(Object.is(maxOf(1, 2), -0)).toBe(true);
      expect(Object.is(maxOf(2, 1), 0)).toBe(true);
      const grad = new Float32Array(4 * dim);
      const list = Uint32Array.of(2, 1, 2, 1);
      const one = new Float32Array(dim).fill(1);
      const ends = Uint32Array.of(0, 2, 4);
      const both = new Float32Array([...one, ...one]);
      allKernels(backend).scatterAddMaxBags(grad, 4, weight, 4, dim, list, list, 4, ends, 2, noPadding, both);
      expect(grad).toEqual(new Float32Array(4 * dim).fill(2, 2 * dim, 3 * dim));
    }
  });
});
