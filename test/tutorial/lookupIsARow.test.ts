import { Embedding, manualSeed } from "nn-embedding";
import { expect, test } from "vitest";
import { print } from "./print.js";

/** The second lesson: looking a token up is reading a row of the table, and learning is changing that row. */

function make(): Embedding {
  manualSeed(123);
  return new Embedding(6, 4);
}

test("what the layer gives for token 3 is what stands in row 3", () => {
  using embedding = make();

  expect(print(embedding.forward([3]), 4)).toEqual(["[ 1.8960, -0.1750,  1.3689, -1.6033]"]);
  expect(embedding.forward([3])).toEqual(embedding.weight.data.slice(3 * 4, 4 * 4));
});

test("a batch of two texts of three tokens is six rows, in reading order", () => {
  using embedding = make();
  const batch = [
    [0, 3, 3],
    [5, 0, 1],
  ];

  expect(print(embedding.forward(batch), 4)).toEqual([
    "[ 0.3374, -0.1778, -0.3035, -0.5880]",
    "[ 1.8960, -0.1750,  1.3689, -1.6033]",
    "[ 1.8960, -0.1750,  1.3689, -1.6033]",
    "[ 0.9985,  0.2212,  1.8319, -0.3378]",
    "[ 0.3374, -0.1778, -0.3035, -0.5880]",
    "[ 0.3486,  0.6603, -0.2196, -0.3792]",
  ]);
});

test("there is no row 6", () => {
  using embedding = make();

  expect(() => embedding.forward([2, 6])).toThrow("indices[1] is 6, expected an integer in [0, 6)");
});

test("the gradient of a lookup goes to the rows that were read, and adds up where a row was read twice", () => {
  using embedding = make();
  embedding.backward([3, 1, 3], Float32Array.of(1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4));

  expect(print(embedding.weight.grad!.toDense(), 4)).toEqual([
    "[ 0.0000,  0.0000,  0.0000,  0.0000]",
    "[ 2.0000,  2.0000,  2.0000,  2.0000]",
    "[ 0.0000,  0.0000,  0.0000,  0.0000]",
    "[ 5.0000,  5.0000,  5.0000,  5.0000]",
    "[ 0.0000,  0.0000,  0.0000,  0.0000]",
    "[ 0.0000,  0.0000,  0.0000,  0.0000]",
  ]);
});
