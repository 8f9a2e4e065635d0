import { describe, expect, test } from "vitest";
import { noPadding } from "../../src/backend/backend.js";
import { allKernels, specification } from "../../src/cli/kernels.js";
import { filled, Random } from "./cases.js";
import { type Place, placesOfThree, withPlaced } from "./placed.js";
import { productCase, products, runProduct } from "./products.js";
import { arraysOf, rowLists, runPlaced, steps } from "./stepCases.js";
import { openWithWindow } from "./windowed.js";

describe.each(["simd", "scalar"] as const)("wasm:%s", (isa) => {
  describe.each([4096, 16384])("products through a window of %i bytes", (windowBytes) => {
    const backend = openWithWindow(isa, windowBytes);

    test.each(products)("%s of any sizes", (name) => {
      const random = new Random(windowBytes);
      for (let round = 0; round < 60; round++) {
        const size = () => random.of([0, 1, 2, 5, 8, 17, 40, 100, 256, 300, 520, 700]);
        const sizes = [size(), size(), size()];
        if (sizes[0] * sizes[1] * sizes[2] > 3_000_000) continue;
        const product = productCase(name, sizes, random.below(2) === 1);
        runProduct({ name: `wasm:${isa}`, backend, kernels: allKernels(backend) }, product, random.of(placesOfThree));
      }
    });

    test("sumExponentials and softmaxGradient of any sizes", () => {
      const random = new Random(windowBytes);
      const { sumExponentials, softmaxGradient } = allKernels(backend);
      for (let round = 0; round < 80; round++) {
        const numRows = random.of([0, 1, 2, 30, 200]);
        const numColumns = random.of([0, 1, 9, 100, 700, 1021, 5000]);
        const logits = filled(random, numRows * numColumns);
        const bias = filled(random, random.below(2) * numColumns);
        const statistics = filled(random, numRows * 3);
        const summed = statistics.slice();
        specification.sumExponentials(summed, logits, numRows, numColumns, bias);
        const gradients = logits.slice();
        specification.softmaxGradient(gradients, numRows, numColumns, bias, summed);
        const places = random.of(placesOfThree);
        withPlaced(random, backend, places, [statistics, logits, bias] as const, (small, rows, offsets) => {
          const biasOrNone = () => (bias.length > 0 ? offsets.floats : bias);
          sumExponentials(small.floats, rows.floats, numRows, numColumns, biasOrNone());
          small.expect(summed, `${numRows} x ${numColumns}, ${places}`);
          softmaxGradient(rows.floats, numRows, numColumns, biasOrNone(), small.floats);
          rows.expect(gradients, `${numRows} x ${numColumns}, ${places}`);
        });
      }
    });

    test.each(placesOfThree)("matmulNT over rows that do not fit the window, a %s, b %s, out %s", (...places) => {
      for (const accumulate of [false, true]) {
        const product = productCase("matmulNT", [2, 3, windowBytes / 4 + 1], accumulate);
        runProduct({ name: `wasm:${isa}`, backend, kernels: allKernels(backend) }, product, places);
      }
    });
  });

  test.each([256, 4096, 16384])("gather and scatterAdd of any sizes through a window of %i bytes", (windowBytes) => {
    const backend = openWithWindow(isa, windowBytes);
    const { gather, scatterAdd } = allKernels(backend);
    const random = new Random(windowBytes);
    for (let round = 0; round < 120; round++) {
      const rows = 1 + random.below(50);
      const dim = random.of([0, 1, 3, 8, 33, 100, 600]); // 100 floats are more than the smallest window
      const numIndices = random.of([0, 1, 10, 300, 900]);
      const indices = Uint32Array.from({ length: numIndices }, () => random.below(rows));
      if (numIndices > 0 && random.below(3) === 0) {
        indices[random.of([0, numIndices - 1, random.below(numIndices)])] = random.of([rows, 0xffffffff]);
      }
      const paddingIdx = random.of([noPadding, random.below(rows)]);
      const weight = filled(random, rows * dim);
      const gradOut = filled(random, numIndices * dim);
      const places = random.of(placesOfThree);
      const what = `${rows} x ${dim}, ${numIndices} indices, table, indices, rows: ${places}`;
      if (round % 20 === 0) backend.allocate(round * 100_000).dispose(); // memory may move between calls
      withPlaced(random, backend, places, [weight, indices, gradOut] as const, (table, list, others) => {
        const added = scatterAdd(table.floats, rows, dim, list.words, numIndices, paddingIdx, others.floats);
        const done = specification.scatterAdd(weight, rows, dim, indices, numIndices, paddingIdx, gradOut);
        expect(added, what).toBe(done);
        table.expect(weight, what);
        others.expect(gradOut, what);

        expect(gather(table.floats, rows, dim, list.words, numIndices, others.floats), what).toBe(done);
        specification.gather(weight, rows, dim, indices, numIndices, gradOut);
        others.expect(gradOut, what);
      });
    }
  });

  describe.each([256, 4096])("steps through a window of %i bytes", (windowBytes) => {
    const backend = openWithWindow(isa, windowBytes);

    test.each(steps)("$name of any sizes", (step) => {
      const random = new Random(windowBytes);
      for (let round = 0; round < 8; round++) {
        const dim = random.of([1, 3, 33, 100, 600]);
        const list = random.of(Object.values(rowLists(random)));
        const arrays = arraysOf(random, step, dim, list, "ordinary");
        const after = arrays.tables.map((table) => table.slice());
        step.call(specification, after, dim, arrays.rows, arrays.numRows, arrays.grad);
        const places = [...arrays.tables.map((): Place => "home"), random.of<Place>(["home", "own"]), "own"] as const;
        const expected = { done: arrays.numRows, after };
        runPlaced(random, backend, step, dim, arrays, places, expected, `rows of ${dim}`);
        if (arrays.rows.length === 0) continue;
        const bad = { ...arrays, rows: arrays.rows.with(arrays.rows.length - 1, 37) };
        const refused = { done: arrays.rows.length - 1, after: arrays.tables };
        runPlaced(random, backend, step, dim, bad, places, refused, `bad row, rows of ${dim}`);
      }
    });
  });
});
