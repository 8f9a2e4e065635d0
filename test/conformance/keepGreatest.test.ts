import { expect, test } from "vitest";
import { specification } from "../../src/cli/kernels.js";
import { expectSameBits } from "./bits.js";
import { filled, fillings, Random } from "./cases.js";
import { onEveryImplementation } from "./implementations.js";
import { placesOfThree, withPlaced } from "./placed.js";

const none = new Float32Array(0);
const floatsOf = (words: Uint32Array) => new Float32Array(words.buffer, words.byteOffset, words.length);

/** Chunks of a few rows' logits, many of them equal. test/topK.test.ts compares with sorting; here it is bits, the heaps' too. */
function chunksOf(random: Random, numRows: number, counts: readonly number[], filling: (typeof fillings)[number]) {
  return counts.map((count) => {
    const logits = filled(random, numRows * count, filling);
    for (let i = 0; i < logits.length; i++) if (random.below(3) === 0) logits[i] = Math.round(logits[i]);
    return { count, logits, bias: filled(random, count, filling) };
  });
}

onEveryImplementation(({ kernels, backend }) => {
  test.each([0, 1, 2, 3, 7, 16, 33, 64, 100, 140])("keepGreatest, k = %i: the specification's bits", (k) => {
    const random = new Random(k);
    const numRows = 5;
    for (const filling of fillings) {
      for (const hasBias of [false, true]) {
        const before = filled(random, numRows * k);
        const beforePlaces = Uint32Array.from({ length: numRows * k }, () => random.uint32());
        const [values, columns] = [before.slice(), beforePlaces.slice()];
        let first = 0;
        for (const { count, logits, bias } of chunksOf(random, numRows, [1, 0, 5, 33, 16, 64, 21], filling)) {
          const [valuesBefore, placesBefore] = [values.slice(), columns.slice()];
          const isLast = first > 100;
          const biasOrNone = hasBias ? bias : none;
          specification.keepGreatest(values, columns, k, first, isLast, logits, numRows, count, biasOrNone);
          for (const where of placesOfThree) {
            withPlaced(
              random,
              backend,
              where,
              [valuesBefore, placesBefore, logits, bias] as const,
              (to, at, from, add) => {
                const offsets = hasBias ? add.floats : none;
                kernels.keepGreatest(to.floats, at.words, k, first, isLast, from.floats, numRows, count, offsets);
                to.expect(values, `values of ${filling}, first = ${first}, values, places, logits: ${where}`);
                at.expect(floatsOf(columns), "places");
                from.expect(logits, "logits");
              },
            );
          }
          first += count;
        }
      }
    }
  });

  test("more rows, longer ones and longer lists than the window of WASM holds", () => {
    const random = new Random(9);
    for (const [numRows, numColumns, k] of [
      [700, 1000, 3],
      [3, 600_000, 2],
      [4, 300_000, 270_000],
    ]) {
      const logits = filled(random, numRows * numColumns);
      const bias = filled(random, numColumns);
      const [values, expected] = [new Float32Array(numRows * k), new Float32Array(numRows * k)];
      const [columns, expectedColumns] = [new Uint32Array(numRows * k), new Uint32Array(numRows * k)];
      specification.keepGreatest(expected, expectedColumns, k, 0, true, logits, numRows, numColumns, bias);
      kernels.keepGreatest(values, columns, k, 0, true, logits, numRows, numColumns, bias);
      expectSameBits(values, expected, "values");
      expect(columns.findIndex((place, i) => place !== expectedColumns[i])).toBe(-1);
    }
  });
});
