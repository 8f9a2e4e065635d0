import { describe, expect, test } from "vitest";
import { Embedding, manualSeed, matmul, oneHot } from "../../src/index.js";
import { onEveryImplementation } from "../conformance/implementations.js";
import { differingBits, differingValues, none, openVectors } from "./vectors.js";

const vectors = openVectors("embedding");
const cases = vectors.names.filter((name) => name.endsWith(".weight")).map((name) => name.replace(".weight", ""));

function make(name: string, options: { backend: string; sparse?: boolean }): Embedding {
  const [rows, columns, padding] = vectors.int32(`${name}.arguments`);
  manualSeed(123);
  return new Embedding(rows, columns, padding === -100 ? options : { ...options, paddingIdx: padding });
}

test("there are cases", () => {
  expect(cases.sort()).toEqual(
    ["batch", "empty", "lastPadding", "many", "oneRow", "padding", "scalar", "tutorial", "wide"].sort(),
  );
});

onEveryImplementation(({ name: backend }) => {
  // All of this bit for bit: initialization, lookups and the gradients of one call.
  describe.each(cases)("%s", (name) => {
    const indices = vectors.int64(`${name}.indices`);
    const gradOut = vectors.floats(`${name}.gradOut`);

    test("the table, its padding row 0 and no draw skipped", () => {
      using layer = make(name, { backend });
      const expected = vectors.floats(`${name}.weight`);
      expect(layer.weight.shape).toEqual(vectors.shape(`${name}.weight`));
      expect(differingBits(layer.weight.data, expected)).toEqual(none(expected));
    });

    test("forward", () => {
      using layer = make(name, { backend });
      const expected = vectors.floats(`${name}.forward`);
      expect(differingBits(layer.forward(indices), expected)).toEqual(none(expected));
      expect(differingBits(layer.forward(Array.from(indices, Number)), expected)).toEqual(none(expected));
    });

    test("backward, dense", () => {
      using layer = make(name, { backend });
      layer.backward(indices, gradOut);
      const expected = vectors.floats(`${name}.dense`);
      expect(layer.weight.grad?.kind).toBe("dense");
      expect(differingBits(layer.weight.grad!.values, expected)).toEqual(none(expected));
    });

    test("backward, sparse: the rows that coalesce() gives, with the values of the dense gradient", () => {
      using layer = make(name, { backend, sparse: true });
      layer.backward(indices, gradOut);
      const { grad } = layer.weight;
      if (grad?.kind !== "sparse") throw new Error(`the gradient is ${grad?.kind}, expected sparse`);
      expect([...grad.rows]).toEqual(Array.from(vectors.int64(`${name}.sparse.rows`), Number));
      const dense = vectors.floats(`${name}.dense`);
      expect(differingBits(grad.toDense(), dense)).toEqual(none(dense));
      // PyTorch's coalesce() sorts by a sort that is stable for up to 16 entries only; of more, equal rows are summed up
      // in whatever order it left them. Ours always go in order of appearance, as in the dense gradient.
      const values = vectors.floats(`${name}.sparse.values`);
      if (indices.length <= 16) expect(differingBits(grad.values, values)).toEqual(none(values));
      expect(differingValues(grad.values, values, 1e-6)).toEqual(none(values));
    });
  });

  describe("two calls of backward add up", () => {
    function accumulated(name: string, sparse: boolean): Float32Array {
      using layer = new Embedding(6, 5, { backend, sparse });
      for (const part of [0, 1]) {
        const indices = vectors.int64(`accumulate.${name}.${part}.indices`);
        layer.backward(indices, vectors.floats(`accumulate.${name}.${part}.gradOut`));
      }
      return layer.weight.grad!.toDense();
    }

    test.each([false, true])("each row once in the second call: bit for bit, sparse %s", (sparse) => {
      const expected = vectors.floats("accumulate.once.dense");
      expect(differingBits(accumulated("once", sparse), expected)).toEqual(none(expected));
    });

    test.each([false, true])("rows again in the second call: to 1e-6, sparse %s", (sparse) => {
      // PyTorch finishes the second gradient and adds it to the first; we go on adding to the first, so that two calls
      // give the bits of one call with both lists. The sums are the same but for their brackets.
      const expected = vectors.floats("accumulate.twice.dense");
      expect(differingValues(accumulated("twice", sparse), expected, 1e-6)).toEqual(none(expected));
    });
  });

  test("a lookup is a product with one-hot rows, bit for bit", () => {
    const linear = openVectors("linear");
    const indices = linear.int64("oneHot.indices");
    const encoded = oneHot(indices, 4);
    const expected = linear.floats("oneHot.lookup");
    manualSeed(123);
    using layer = new Embedding(4, 5, { backend });
    expect(differingBits(encoded, linear.floats("oneHot.encoded"))).toEqual(none(encoded));
    expect(differingBits(layer.weight.data, linear.floats("oneHot.weight"))).toEqual(none(layer.weight.data));
    expect(differingBits(layer.forward(indices), expected)).toEqual(none(expected));
    const product = matmul(encoded, layer.weight.data, { m: 3, n: 5, k: 4, backend });
    expect(differingBits(product, expected)).toEqual(none(expected));
    expect(differingBits(product, linear.floats("oneHot.product"))).toEqual(none(expected));
  });
});
