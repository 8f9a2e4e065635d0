import { describe, expect, test } from "vitest";
import { maxNegatives } from "../../src/backend/backend.js";
import { sigmoid } from "../../src/backend/js/sigmoid.js";
import { specification } from "../../src/cli/kernels.js";
import { expectSameBits } from "./bits.js";
import { dims, fillings, Random } from "./cases.js";
import { onEveryImplementation } from "./implementations.js";
import { type Place, withPlaced } from "./placed.js";
import {
  arraysOf,
  numEmbeddings,
  runSteps,
  type Steps,
  slice,
  spoiledSteps,
  stepsCase,
  valuesOf,
} from "./word2vecSteps.js";

const kinds = ["stepSkipGram", "stepCbow"] as const;

/** The tables after the steps, by the specification. */
function lawful(steps: Steps): Steps {
  const after = { ...steps, inputWeight: steps.inputWeight.slice(), outputWeight: steps.outputWeight.slice() };
  expect(runSteps(specification, steps, after)).toBe(steps.numTuples);
  return after;
}

/** Where the tables, the lists and the rates lie. */
const placings: readonly (readonly Place[])[] = [
  ["home", "home", "home", "home", "home", "home"],
  ["home", "home", "own", "own", "own", "own"],
  ["home", "home", "own", "home", "home", "own"],
  ["own", "home", "home", "own", "own", "home"],
  ["home", "own", "own", "own", "home", "home"],
  ["own", "own", "own", "own", "own", "own"],
];

onEveryImplementation(({ backend, kernels }) => {
  describe.each(kinds)("%s", (kind) => {
    test.each(dims)("rows of %i: the specification's bits", (dim) => {
      const random = new Random(dim);
      for (const numNegatives of [0, 1, 2, 4, 5, 6, 11, maxNegatives]) {
        for (const filling of fillings) {
          const steps = stepsCase(kind, dim, 19, numNegatives, filling);
          const after = lawful(steps);
          for (const places of filling === "special" ? placings : [random.of(placings)]) {
            withPlaced(random, backend, places, valuesOf(steps), (...placed) => {
              const what = `${numNegatives} negatives, ${filling}, ${places}`;
              expect(runSteps(kernels, steps, arraysOf(placed))).toBe(steps.numTuples);
              placed[0].expect(after.inputWeight, `inputWeight, ${what}`);
              placed[1].expect(after.outputWeight, `outputWeight, ${what}`);
              placed[5].expect(steps.lr, "lr");
            });
          }
        }
      }
    });

    test("a batch cut anywhere gives the same bits", () => {
      for (const dim of [7, 100]) {
        const steps = stepsCase(kind, dim, 40, 5);
        const after = lawful(steps);
        for (const cuts of [[1], [20], [39], [3, 4, 17], Array.from({ length: 39 }, (_, i) => i + 1)]) {
          const arrays = { inputWeight: steps.inputWeight.slice(), outputWeight: steps.outputWeight.slice() };
          const ends = [...cuts, steps.numTuples];
          for (const [i, end] of ends.entries()) {
            const part = { ...slice(steps, ends[i - 1] ?? 0, end), ...arrays };
            expect(runSteps(kernels, part, part)).toBe(part.numTuples);
          }
          expectSameBits(arrays.inputWeight, after.inputWeight, `inputWeight, cut at ${cuts}`);
          expectSameBits(arrays.outputWeight, after.outputWeight, `outputWeight, cut at ${cuts}`);
        }
      }
    });

    test.each([3, 64])("rows of %i: a bad index anywhere is told by its tuple, and nothing moves", (dim) => {
      const random = new Random(dim);
      for (const places of placings) {
        const steps = stepsCase(kind, dim, 80, 5);
        for (const { tuple, spoiled, what } of spoiledSteps(steps)) {
          withPlaced(random, backend, places, valuesOf(spoiled), (...placed) => {
            expect(runSteps(kernels, spoiled, arraysOf(placed)), what).toBe(tuple);
            placed[0].expect(steps.inputWeight, `inputWeight, ${what}, ${places}`);
            placed[1].expect(steps.outputWeight, `outputWeight, ${what}, ${places}`);
          });
        }
      }
    });

    test("no tuples are none", () => {
      const steps = stepsCase(kind, 8, 0, 5);
      expect(runSteps(kernels, steps, { ...steps })).toBe(0);
    });

    test("more than the window of WASM holds", () => {
      const steps = stepsCase(kind, 4, 30_000, 20);
      const after = lawful(steps);
      const places = ["home", "home", "own", "own", "own", "own"] as const;
      withPlaced(new Random(1), backend, places, valuesOf(steps), (...placed) => {
        expect(runSteps(kernels, steps, arraysOf(placed))).toBe(steps.numTuples);
        placed[0].expect(after.inputWeight, "inputWeight");
        placed[1].expect(after.outputWeight, "outputWeight");
      });
    });
  });
});

/** The same steps in doubles, written from the definition: what moved is the gradient of the loss times the learning rate. */
function inDoubles({ dim, numTuples, numNegatives, inputs, offsets, outputs, lr, ...tables }: Steps) {
  const [inputWeight, outputWeight] = [tables.inputWeight, tables.outputWeight].map((table) =>
    Array.from({ length: numEmbeddings }, (_, row) => Array.from(table.subarray(row * dim, (row + 1) * dim))),
  );
  for (let t = 0; t < numTuples; t++) {
    const bag = inputs.subarray(offsets[t], offsets[t + 1]);
    if (bag.length === 0) continue;
    const hidden = Array.from(
      { length: dim },
      (_, j) => bag.reduce((sum, row) => sum + inputWeight[row][j], 0) / bag.length,
    );
    const rows = Array.from(outputs.subarray(t * (1 + numNegatives), (t + 1) * (1 + numNegatives)));
    const factors = rows.map((row, k) => {
      const score = hidden.reduce((sum, x, j) => sum + x * outputWeight[row][j], 0);
      return lr[t] * ((k === 0 ? 1 : 0) - 1 / (1 + Math.exp(-score)));
    });
    const grad = hidden.map(() => 0);
    rows.forEach((row, k) => {
      for (let j = 0; j < dim; j++) {
        grad[j] += factors[k] * outputWeight[row][j];
        outputWeight[row][j] += factors[k] * hidden[j];
      }
    });
    for (const row of bag) for (let j = 0; j < dim; j++) inputWeight[row][j] += grad[j];
  }
  return { inputWeight: inputWeight.flat(), outputWeight: outputWeight.flat() };
}

describe("the specification", () => {
  test.each(kinds)("%s is what its definition says, in doubles", (kind) => {
    for (const dim of [1, 5, 16, 33]) {
      const steps = stepsCase(kind, dim, 30, 5);
      const after = lawful({
        ...steps,
        inputWeight: steps.inputWeight.map((x) => x / 8),
        outputWeight: steps.outputWeight.map((x) => x / 8),
      });
      const expected = inDoubles({
        ...steps,
        inputWeight: steps.inputWeight.map((x) => x / 8),
        outputWeight: steps.outputWeight.map((x) => x / 8),
      });
      for (const table of ["inputWeight", "outputWeight"] as const) {
        after[table].forEach((x, i) => {
          expect(Math.abs(x - expected[table][i]), `${table}[${i}], rows of ${dim}`).toBeLessThan(2e-6);
        });
      }
    }
  });

  test("one step of skip-gram goes down the gradient of -log s(o_0 . in) - sum log s(-o_k . in), by central differences", () => {
    const [dim, numNegatives] = [6, 4];
    const input = Array.from({ length: dim }, (_, j) => Math.sin(j + 1));
    const rows = Array.from({ length: 5 }, (_, k) => Array.from({ length: dim }, (_, j) => Math.cos(3 * k + j) / 2));
    const loss = (point: number[]) => {
      const of = (row: number) => point.slice(row * dim, (row + 1) * dim);
      const score = (k: number) => of(0).reduce((sum, x, j) => sum + x * of(1 + k)[j], 0);
      return rows.reduce((sum, _, k) => sum + Math.log1p(Math.exp(k === 0 ? -score(k) : score(k))), 0);
    };
    const point = [input, ...rows].flat();
    const before = Float32Array.from(point);
    const outputWeight = before.slice(dim);
    const inputWeight = new Float32Array(5 * dim);
    inputWeight.set(before.subarray(0, dim));
    const lr = 2 ** -6;
    const list = Uint32Array.of(0, 1, 2, 3, 4);
    specification.stepSkipGram(
      inputWeight,
      outputWeight,
      5,
      dim,
      Uint32Array.of(0),
      list,
      1,
      numNegatives,
      Float32Array.of(lr),
    );
    const moved = [...inputWeight.subarray(0, dim), ...outputWeight];
    moved.forEach((x, i) => {
      const shifted = (by: number) => point.map((y, at) => (at === i ? y + by : y));
      const slope = (loss(shifted(1e-5)) - loss(shifted(-1e-5))) / 2e-5;
      expect((before[i] - x) / lr).toBeCloseTo(slope, 4);
    });
  });

  test("the sigmoid is within 3 ulp, even at its ends, and NaN is NaN", () => {
    for (let x = -30; x <= 30; x += 0.00137) {
      const at = Math.fround(x);
      const truth = 1 / (1 + Math.exp(-at));
      expect(Math.abs(sigmoid(at) / truth - 1), `${at}`).toBeLessThan(3 * 2 ** -23);
    }
    expect([sigmoid(0), sigmoid(-0), sigmoid(17.5), sigmoid(Infinity)]).toEqual([0.5, 0.5, 1, 1]);
    expect(sigmoid(-Infinity)).toBe(sigmoid(-30));
    expect(sigmoid(-Infinity)).toBeLessThan(1e-13);
    expect(sigmoid(Number.NaN)).toBeNaN();
  });
});
