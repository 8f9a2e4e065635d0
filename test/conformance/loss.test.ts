import { describe, expect, test } from "vitest";
import { exp } from "../../src/backend/js/exponential.js";
import { specification } from "../../src/cli/kernels.js";
import { log } from "../../src/elementary.js";
import { expectSameBits, floatWith } from "./bits.js";
import { type Filling, filled, fillings, Random } from "./cases.js";
import { onEveryImplementationAndThreads } from "./implementations.js";
import { placesOfThree, withPlaced } from "./placed.js";

const f = Math.fround;

// Around the lanes of every instruction set, and long ones.
const columns = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 1000, 2048];
const none = new Float32Array(0);

/** Logits of a few rows: of the fillings, spread wide so that exponentials vanish, and rows that are all -Infinity or have one +Infinity. */
function rowsOfLogits(random: Random, numRows: number, numColumns: number, filling: Filling): Float32Array {
  const logits = filled(random, numRows * numColumns, filling);
  for (let i = 0; i < numRows; i++) {
    const row = logits.subarray(i * numColumns, (i + 1) * numColumns);
    const kind = random.below(8);
    if (kind === 0) row.fill(Number.NEGATIVE_INFINITY);
    if (kind === 1) for (let j = 0; j < numColumns; j++) row[j] *= 60;
    if (kind === 2 && numColumns > 0) row[random.below(numColumns)] = Number.POSITIVE_INFINITY;
    if (kind === 3) for (let j = 0; j < numColumns; j += 2) row[j] = Number.NEGATIVE_INFINITY;
  }
  return logits;
}

onEveryImplementationAndThreads(({ kernels, backend }) => {
  test.each(columns)("sumExponentials, rows of %i: the specification's bits", (numColumns) => {
    const random = new Random(numColumns);
    const numRows = 9;
    for (const filling of fillings) {
      const logits = rowsOfLogits(random, numRows, numColumns, filling);
      for (const bias of [none, filled(random, numColumns, filling)]) {
        const before = filled(random, numRows * 3, filling);
        for (let i = 0; i < numRows; i += 2) before.set([Number.NEGATIVE_INFINITY, 0, 0], i * 3);
        const after = before.slice();
        specification.sumExponentials(after, logits, numRows, numColumns, bias);
        for (const places of placesOfThree) {
          withPlaced(random, backend, places, [before, logits, bias] as const, (statistics, from, offsets) => {
            const biasOrNone = bias.length > 0 ? offsets.floats : none;
            kernels.sumExponentials(statistics.floats, from.floats, numRows, numColumns, biasOrNone);
            statistics.expect(after, `${filling}, statistics, logits, bias: ${places}`);
            from.expect(logits, "logits");
          });
        }
      }
    }
  });

  test.each(columns)("softmaxGradient, rows of %i: the specification's bits", (numColumns) => {
    const random = new Random(numColumns);
    const numRows = 9;
    for (const filling of fillings) {
      const before = rowsOfLogits(random, numRows, numColumns, filling);
      for (const bias of [none, filled(random, numColumns, filling)]) {
        const coefficients = filled(random, numRows * 3, filling);
        const statistics = new Float32Array(numRows * 3).fill(Number.NEGATIVE_INFINITY);
        specification.sumExponentials(statistics, before, numRows, numColumns, bias);
        for (let i = 0; i < numRows; i++) coefficients[i * 3] = random.below(9) ? statistics[i * 3] : Number.NaN;
        const after = before.slice();
        specification.softmaxGradient(after, numRows, numColumns, bias, coefficients);
        for (const places of placesOfThree) {
          withPlaced(random, backend, places, [before, bias, coefficients] as const, (logits, offsets, given) => {
            const biasOrNone = bias.length > 0 ? offsets.floats : none;
            kernels.softmaxGradient(logits.floats, numRows, numColumns, biasOrNone, given.floats);
            logits.expect(after, `${filling}, logits, bias, coefficients: ${places}`);
            given.expect(coefficients, "coefficients");
          });
        }
      }
    }
  });

  test("more rows, and longer ones, than the window of WASM holds", () => {
    const random = new Random(3);
    for (const [numRows, numColumns] of [
      [700, 1000],
      [2, 600_000],
    ]) {
      const logits = filled(random, numRows * numColumns);
      const bias = filled(random, numColumns);
      const statistics = filled(random, numRows * 3);
      const expected = statistics.slice();
      specification.sumExponentials(expected, logits, numRows, numColumns, bias);
      kernels.sumExponentials(statistics, logits, numRows, numColumns, bias);
      expectSameBits(statistics, expected, "statistics");
      const gradients = logits.slice();
      for (let i = 0; i < numRows; i++) expected.set([0.7, 0.01], i * 3 + 1);
      specification.softmaxGradient(gradients, numRows, numColumns, bias, expected);
      kernels.softmaxGradient(logits, numRows, numColumns, bias, expected);
      expectSameBits(logits, gradients, "gradients");
    }
  });

  test("exponentials of differences everywhere, about where they vanish too", () => {
    const random = new Random(4);
    const differences = Float32Array.from({ length: 40_000 }, (_, i) =>
      i < 200 ? -87 + (i - 100) * 2 ** -17 : -100 * (random.uint32() / 2 ** 32),
    );
    const logits = differences.slice();
    kernels.softmaxGradient(logits, 1, logits.length, none, Float32Array.of(0, 1, 0));
    expectSameBits(logits, differences.map(exp), "exp");
  });
});

describe("the specification keeps the law", () => {
  test.each(fillings)("%s values", (filling) => {
    const random = new Random(5);
    for (const numColumns of [1, 7, 8, 21, 300]) {
      const logits = filled(random, numColumns, filling);
      const bias = filled(random, numColumns, filling);
      for (const before of [Number.NEGATIVE_INFINITY, 2.5]) {
        const rest = before === 2.5 ? [3.25, -7] : [0, 0];
        const values = Array.from(logits, (logit, j) => f(logit + bias[j]));
        const greatest = values.filter((value) => value > before).reduce((a, b) => Math.max(a, b), before) + 0;
        const shift = greatest === Number.NEGATIVE_INFINITY ? 0 : greatest;
        // Doubles of exp are not rounded inside a sum: eleven digits are what can be told from outside.
        const lanes = Array.from({ length: 8 }, (_, l) => values.filter((_, j) => j % 8 === l));
        const fold = (s: number[]) => s[0] + s[4] + (s[2] + s[6]) + (s[1] + s[5] + (s[3] + s[7]));
        const powers = fold(lanes.map((each) => each.reduce((sum, value) => sum + Math.exp(value - shift), 0)));
        const sums = fold(lanes.map((each) => each.reduce((sum, value) => sum + value, 0)));
        const statistics = Float32Array.of(before, ...rest);
        specification.sumExponentials(statistics, logits, 1, numColumns, bias);
        expect(statistics[0]).toBe(greatest);
        expectClose(statistics[1], rest[0] * Math.exp(before - shift) + powers);
        expectSameBits(statistics.subarray(2), Float32Array.of(rest[1] + sums), "sum of logits");
        const gradients = logits.slice();
        specification.softmaxGradient(gradients, 1, numColumns, bias, Float32Array.of(greatest, 0.5, 0.125));
        gradients.forEach((gradient, j) => {
          expectClose(gradient, Math.exp(values[j] - shift) * 0.5 - 0.125);
        });
      }
    }
  });

  test("log of what has none", () => {
    expect([0, -1, Number.NaN, Number.POSITIVE_INFINITY].map(log)).toEqual([
      Number.NEGATIVE_INFINITY,
      Number.NaN,
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ]);
    expect(log(floatWith(0x00800000))).toBeCloseTo(Math.log(2 ** -126), 12);
  });
});

function expectClose(actual: number, expected: number): void {
  if (Number.isNaN(expected) || !Number.isFinite(expected)) expect(actual).toBe(expected);
  else expect(Math.abs(actual - expected)).toBeLessThanOrEqual(3e-7 * Math.max(1, Math.abs(expected)));
}
