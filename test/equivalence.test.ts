import { describe, expect, test } from "vitest";
import { Embedding } from "../src/layers/embedding.js";
import { Linear } from "../src/layers/linear.js";
import { matmul } from "../src/layers/matmul.js";
import { oneHot } from "../src/layers/oneHot.js";
import { expectSameBits } from "./conformance/bits.js";
import { filled, Random } from "./conformance/cases.js";
import { onEveryImplementation } from "./conformance/implementations.js";

/**
 * A lookup, the one-hot rows times the table, and a linear layer (whose weight is the table, transposed) on the one-hot rows are the same.
 * Bit for bit, while the table holds no infinity, no NaN and no -0: the products do not leave the other rows out, they multiply them by
 * zero, and 0 x Infinity and 0 x NaN are NaN, and 0 + -0 is +0.
 */
onEveryImplementation(({ name: backend }) => {
  const threeWays = (table: Float32Array, dim: number, indices: ArrayLike<number>) => {
    const rows = table.length / dim;
    using embedding = Embedding.fromPretrained(table, { embeddingDim: dim, freeze: false, backend });
    using linear = new Linear(rows, dim, { bias: false, backend });
    linear.weight.data.set(table.map((_, at) => table[(at % rows) * dim + Math.floor(at / rows)]));
    const encoded = oneHot(Uint32Array.from(indices), rows);
    const gradOut = filled(new Random(7), indices.length * dim);
    embedding.backward(Uint32Array.from(indices), gradOut);
    linear.backward(encoded, gradOut);
    return {
      lookup: embedding.forward(Uint32Array.from(indices)),
      product: matmul(encoded, table, { m: indices.length, n: dim, k: rows, backend }),
      linear: linear.forward(encoded),
      gradients: [embedding.weight.grad!.toDense(), linear.weight.grad!.toDense()] as const,
    };
  };

  // More rows than lanes (8), than a block of the product (256), and enough of everything to reach the kernels.
  describe.each([
    [4, 5, 3],
    [1, 1, 1],
    [9, 17, 40],
    [300, 33, 70],
    [1000, 8, 5],
  ])("a table of %i x %i, %i lookups", (rows, dim, numIndices) => {
    const random = new Random(rows);
    const indices = Array.from({ length: numIndices }, () => random.below(rows));
    const found = threeWays(filled(random, rows * dim), dim, indices);

    test("the rows, bit for bit", () => {
      expectSameBits(found.product, found.lookup, "one-hot times table");
      expectSameBits(found.linear, found.lookup, "linear on one-hot");
    });

    test("the gradient of the table is the linear layer's, transposed: the same terms, added up in the same order", () => {
      const [table, weight] = found.gradients;
      const transposed = table.map((_, at) => weight[(at % dim) * rows + Math.floor(at / dim)]);
      expectSameBits(transposed, table, "gradient");
    });
  });

  test("an infinity or a NaN in another row spoils the products, not the lookup", () => {
    for (const bad of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]) {
      const found = threeWays(Float32Array.of(1, 2, bad, 4), 2, [0]);
      expect([...found.lookup]).toEqual([1, 2]);
      expect([...found.product]).toEqual([Number.NaN, 2]);
      expect([...found.linear]).toEqual([Number.NaN, 2]);
    }
  });

  test("-0 is looked up as -0 and multiplied to +0", () => {
    const found = threeWays(Float32Array.of(-0, 2, 3, 4), 2, [0]);
    expect([...found.lookup]).toEqual([-0, 2]);
    expect([...found.product]).toEqual([0, 2]);
    expect([...found.linear]).toEqual([0, 2]);
  });
});
