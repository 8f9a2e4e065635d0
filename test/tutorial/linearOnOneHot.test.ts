import { Embedding, Linear, manualSeed, matmul, oneHot } from "nn-embedding";
import { expect, test } from "vitest";
import { print } from "./print.js";

/** The fourth lesson: an embedding is a linear layer on one-hot rows, only without the multiplications by zero. */

const ids = [2, 3, 1];

test("an embedding of four tokens, five numbers for each", () => {
  manualSeed(123);
  using embedding = new Embedding(4, 5);

  expect(print(embedding.weight.data, 5)).toEqual([
    "[ 0.3374, -0.1778, -0.3035, -0.5880,  1.5810]",
    "[ 1.3010,  1.2753, -0.2010, -0.1606, -0.4015]",
    "[ 0.6957, -1.8061, -1.1589,  0.3255, -0.6315]",
    "[-2.8400, -0.7849, -1.4096, -0.4076,  0.7953]",
  ]);
  expect(print(embedding.forward(ids), 5)).toEqual([
    "[ 0.6957, -1.8061, -1.1589,  0.3255, -0.6315]",
    "[-2.8400, -0.7849, -1.4096, -0.4076,  0.7953]",
    "[ 1.3010,  1.2753, -0.2010, -0.1606, -0.4015]",
  ]);
});

test("the same ids, one-hot", () => {
  expect(print(oneHot(ids, 4), 4)).toEqual([
    "[ 0.0000,  0.0000,  1.0000,  0.0000]",
    "[ 0.0000,  0.0000,  0.0000,  1.0000]",
    "[ 0.0000,  1.0000,  0.0000,  0.0000]",
  ]);
});

test("a linear layer of that size begins with other numbers", () => {
  manualSeed(123);
  using linear = new Linear(4, 5, { bias: false });

  expect(linear.bias).toBeNull();
  expect(print(linear.weight.data, 4)).toEqual([
    "[-0.2039,  0.0166, -0.2483,  0.1886]",
    "[-0.4260,  0.3665, -0.3634, -0.3975]",
    "[-0.3159,  0.2264, -0.1847,  0.1871]",
    "[-0.4244, -0.3034, -0.1836, -0.0983]",
    "[-0.3814,  0.3274, -0.1179,  0.1605]",
  ]);
});

test("with the embedding's table, transposed, it gives the embedding's rows", () => {
  manualSeed(123);
  using embedding = new Embedding(4, 5);
  using linear = new Linear(4, 5, { bias: false });
  const table = embedding.weight.data;
  linear.weight.data.set(Float32Array.from({ length: 20 }, (_, at) => table[(at % 4) * 5 + Math.floor(at / 4)]));

  expect(linear.forward(oneHot(ids, 4))).toEqual(embedding.forward(ids));
});

test("and so does the plain product of the one-hot rows and the table", () => {
  manualSeed(123);
  using embedding = new Embedding(4, 5);

  const product = matmul(oneHot(ids, 4), embedding.weight.data, { m: 3, n: 5, k: 4 });
  expect(product).toEqual(embedding.forward(ids));
});

test("both learn the same: the gradient of the table is the linear layer's, transposed", () => {
  using embedding = new Embedding(4, 5);
  using linear = new Linear(4, 5, { bias: false });
  const gradOut = Float32Array.from({ length: 15 }, (_, i) => i - 7);
  embedding.backward(ids, gradOut);
  linear.backward(oneHot(ids, 4), gradOut);

  const gradient = embedding.weight.grad!.toDense();
  const transposed = linear.weight.grad!.toDense();
  for (let id = 0; id < 4; id++) {
    for (let j = 0; j < 5; j++) expect(gradient[id * 5 + j]).toBe(transposed[j * 4 + id]);
  }
});

test("three rows of five: fewer than sixteen numbers are drawn one by one", () => {
  manualSeed(123);
  using embedding = new Embedding(3, 5);

  expect(print(embedding.weight.data, 5)).toEqual([
    "[-0.1115,  0.1204, -0.3696, -0.2404, -1.1969]",
    "[ 0.2093, -0.9724, -0.7550,  0.3239, -0.1085]",
    "[ 0.2103, -0.3908,  0.2350,  0.6653,  0.3528]",
  ]);
});
