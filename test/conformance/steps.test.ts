import { describe, expect, test } from "vitest";
import { specification } from "../../src/cli/kernels.js";
import { dims, filled, fillings, Random } from "./cases.js";
import { onEveryImplementationAndThreads } from "./implementations.js";
import type { Place } from "./placed.js";
import { arraysOf, numEmbeddings, rowLists, runPlaced, steps } from "./stepCases.js";

onEveryImplementationAndThreads(({ backend }) => {
  describe.each(steps)("$name", (step) => {
    const numArrays = step.states.length + 3;
    const anywhere = (random: Random): Place[] => Array.from({ length: numArrays }, () => random.of(["home", "own"]));
    const home = Array<Place>(numArrays).fill("home");

    test.each(dims)("rows of %i: the specification's bits", (dim) => {
      const random = new Random(dim);
      for (const filling of fillings) {
        for (const [what, list] of Object.entries(rowLists(random))) {
          const arrays = arraysOf(random, step, dim, list, filling);
          const after = arrays.tables.map((table) => table.slice());
          expect(step.call(specification, after, dim, arrays.rows, arrays.numRows, arrays.grad)).toBe(arrays.numRows);
          const isUsual = filling === "ordinary" || filling === "special";
          const staged: Place[] = [...home.slice(0, -2), "own", "own"];
          for (const places of isUsual ? [home, staged, anywhere(random)] : [random.of([home, staged])]) {
            const expected = { done: arrays.numRows, after };
            runPlaced(random, backend, step, dim, arrays, places, expected, `${what}, ${filling}`);
          }
        }
      }
    });

    test.each([0, 3, 16, 100])("rows of %i: a bad row anywhere is told, and nothing moves", (dim) => {
      const random = new Random(dim + 1);
      const good = rowLists(random)["23 rows in any order"] as Uint32Array;
      for (const position of [0, 11, 22]) {
        for (const row of [numEmbeddings, 0x80000000, 0xffffffff]) {
          const rows = good.slice();
          rows[position] = row;
          const arrays = { ...arraysOf(random, step, dim, good, "ordinary"), rows };
          for (const places of [home, anywhere(random), anywhere(random)]) {
            const expected = { done: position, after: arrays.tables };
            runPlaced(random, backend, step, dim, arrays, places, expected, `rows[${position}] = ${row}`);
          }
        }
      }
    });

    test("a dense gradient of more rows than there are is told, and nothing moves", () => {
      const random = new Random(5);
      const arrays = { ...arraysOf(random, step, 5, "dense", "ordinary"), numRows: numEmbeddings + 1 };
      const longer = { ...arrays, grad: filled(random, (numEmbeddings + 1) * 5) };
      for (const places of [home, anywhere(random)]) {
        const expected = { done: numEmbeddings, after: arrays.tables };
        runPlaced(random, backend, step, 5, longer, places, expected, "38 rows");
      }
    });
  });
});
