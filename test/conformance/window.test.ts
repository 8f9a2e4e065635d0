import { describe, expect, test } from "vitest";
import { filled, Random } from "./cases.js";
import { placesOfThree, withPlaced } from "./placed.js";
import { productCase, products, runProduct } from "./products.js";
import { backendWithWindow } from "./windowed.js";

describe.each(["simd", "scalar"] as const)("wasm:%s", (isa) => {
  describe.each([4096, 16384])("a window of %i bytes", (windowBytes) => {
    const backend = backendWithWindow(isa, windowBytes);

    test.each(products)("%s of any sizes", (name) => {
      const random = new Random(windowBytes);
      for (let round = 0; round < 60; round++) {
        const size = () => random.of([0, 1, 2, 5, 8, 17, 40, 100, 256, 300, 520, 700]);
        const sizes = [size(), size(), size()];
        if (sizes[0] * sizes[1] * sizes[2] > 3_000_000) continue;
        const product = productCase(name, sizes, random.below(2) === 1);
        runProduct({ name: `wasm:${isa}`, backend }, product, random.of(placesOfThree));
      }
    });

    test("gather and scatterAdd of any sizes", () => {
      const random = new Random(windowBytes);
      for (let round = 0; round < 80; round++) {
        const rows = 1 + random.below(50);
        const dim = random.of([0, 1, 3, 8, 33, 100, 600]);
        const numIndices = random.of([0, 1, 10, 300, 900]);
        const indices = Uint32Array.from({ length: numIndices }, () => random.below(rows));
        const weight = filled(random, rows * dim);
        const gathered = Float32Array.from(
          { length: numIndices * dim },
          (_, at) => weight[indices[Math.floor(at / dim)] * dim + (at % dim)],
        );
        const places = random.of(placesOfThree);
        withPlaced(
          random,
          backend,
          places,
          [weight, indices, new Float32Array(numIndices * dim)] as const,
          (t, list, out) => {
            const { gather, scatterAdd } = backend.kernels;
            expect(gather(t.floats, rows, dim, list.words, numIndices, out.floats)).toBe(numIndices);
            out.expect(gathered, `${places}`);
            const sums = weight.slice();
            indices.forEach((row, i) => {
              for (let j = 0; j < dim; j++) sums[row * dim + j] += gathered[i * dim + j];
            });
            expect(scatterAdd(t.floats, rows, dim, list.words, numIndices, 0xffffffff, out.floats)).toBe(numIndices);
            t.expect(sums, `${places}`);
          },
        );
      }
    });
  });
});
