import { describe, expect, test } from "vitest";
import { expectSameBits } from "./bits.js";
import { filled, fillings, Random } from "./cases.js";
import { onEveryImplementationAndThreads } from "./implementations.js";
import { placesOfThree } from "./placed.js";
import { productCase, products, runProduct } from "./products.js";

// Around the tiles of every instruction set (1, 3, 4, 6, 8, 12 rows; 1, 2, 4, 8, 12, 16, 32 columns), and nothing at all.
const rows = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 16, 17, 24, 25];
const columns = [0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 15, 16, 17, 31, 32, 33, 48, 49];
// Around the 8 lanes of a dot product and the blocks of 256.
const depths = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 128, 255, 256, 257, 300, 511, 512, 513, 768, 769];

// Beyond what is packed at once, in each direction.
const large = [
  [97, 4, 5],
  [193, 5, 9],
  [215, 17, 257],
  [2, 1025, 257],
  [13, 1041, 300],
  [5, 2065, 3],
  [1, 3001, 16],
  [7, 529, 513],
  [64, 64, 1025],
];

// Rows longer than any room for packed ones.
const deep = [
  [1, 3, 50257],
  [2, 2, 20001],
  [13, 5, 14007],
  [12, 4, 60001],
  [3, 2, 165001],
];

// More floats than the 2 MiB window of WASM holds, in each operand, and in all together.
const staged = [
  [700, 3, 900],
  [3, 700, 900],
  [800, 801, 3],
  [40, 560, 900],
];

onEveryImplementationAndThreads((implementation) => {
  describe.each(products)("%s", (name) => {
    test("every tile edge", () => {
      const random = new Random(1);
      for (const m of rows) {
        for (const n of columns) {
          for (const k of [1, 9, 257]) {
            const accumulate = random.below(2) === 1;
            runProduct(implementation, productCase(name, [m, n, k], accumulate), random.of(placesOfThree));
          }
        }
      }
    });

    test.each([false, true])("every depth, accumulate: %s", (accumulate) => {
      const random = new Random(2);
      for (const k of depths) {
        for (const [m, n] of [
          [1, 1],
          [1, 9],
          [2, 5],
          [5, 2],
          [7, 17],
          [13, 33],
        ]) {
          runProduct(implementation, productCase(name, [m, n, k], accumulate), random.of(placesOfThree));
        }
      }
    });

    test.each([false, true])(
      "operands at home and of the caller's own in all combinations, accumulate: %s",
      (accumulate) => {
        for (const filling of fillings) {
          for (const sizes of [
            [1, 7, 12],
            [4, 5, 260],
            [9, 16, 33],
          ]) {
            const product = productCase(name, sizes, accumulate, filling);
            for (const places of placesOfThree) runProduct(implementation, product, places);
          }
        }
      },
    );

    test.each([false, true])("signs of zero, subnormals, infinities and NaN, accumulate: %s", (accumulate) => {
      const random = new Random(3);
      for (const filling of fillings) {
        for (const m of [1, 3, 8, 13]) {
          for (const n of [1, 4, 17, 33]) {
            for (const k of [0, 1, 3, 8, 20]) {
              runProduct(implementation, productCase(name, [m, n, k], accumulate, filling), random.of(placesOfThree));
            }
          }
        }
      }
    });

    test.each([false, true])("more than is packed at once, accumulate: %s", (accumulate) => {
      const random = new Random(4);
      for (const sizes of large)
        runProduct(implementation, productCase(name, sizes, accumulate), random.of(placesOfThree));
    });

    test.each([false, true])("very long rows, accumulate: %s", (accumulate) => {
      const random = new Random(5);
      for (const sizes of deep)
        runProduct(implementation, productCase(name, sizes, accumulate), random.of(placesOfThree));
    });

    test("a row of the result does not depend on the rows beside it", () => {
      const [m, n, k] = [40, 37, 300];
      const random = new Random(6);
      const a = filled(random, m * k, "special");
      const b = filled(random, k * n);
      const kernel = implementation.kernels[name];
      const all = new Float32Array(m * n);
      kernel(a, b, m, n, k, false, all);
      const element = (i: number, p: number) => (name === "matmulTN" ? a[p * m + i] : a[i * k + p]);
      for (const count of [1, 2, 3, 5, 8, 13]) {
        for (let start = 0; start + count <= m; start += count) {
          const some = Float32Array.from({ length: count * k }, (_, at) =>
            name === "matmulTN"
              ? element(start + (at % count), Math.floor(at / count))
              : element(start + Math.floor(at / k), at % k),
          );
          const out = new Float32Array(count * n);
          kernel(some, b, count, n, k, false, out);
          expectSameBits(out, all.slice(start * n, (start + count) * n), `rows ${start} to ${start + count}`);
        }
      }
    });
  });

  test.each(placesOfThree)("products larger than the staging window: a %s, b %s, out %s", (...places) => {
    for (const name of products) {
      for (const sizes of staged) runProduct(implementation, productCase(name, sizes, places[1] === "home"), places);
    }
  });

  test("matmulNT: rows of which not two fit the staging window", () => {
    for (const places of placesOfThree) {
      runProduct(implementation, productCase("matmulNT", [2, 3, 300_001], true), places);
    }
  });

  test("matmulTN accumulates into a table's gradient as one scatterAdd of one-hot rows would", () => {
    const [m, n, k] = [5, 12, 3];
    const { kernels } = implementation;
    const gradOut = filled(new Random(7), k * n);
    const oneHot = Float32Array.of(0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1);
    const product = new Float32Array(m * n);
    const scattered = new Float32Array(m * n);
    kernels.matmulTN(oneHot, gradOut, m, n, k, true, product);
    expect(kernels.scatterAdd(scattered, m, n, Uint32Array.of(2, 0, 4), k, 0xffffffff, gradOut)).toBe(k);
    expectSameBits(product, scattered, "gradient");
  });
});
