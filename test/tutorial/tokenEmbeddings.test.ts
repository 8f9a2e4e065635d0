import { Embedding, manualSeed } from "nn-embedding";
import { expect, test } from "vitest";
import { print } from "./print.js";

/** The first lesson everywhere: what a token embedding is. The numbers are those that PyTorch prints in it. */

test("a vocabulary of six tokens, three numbers for each", () => {
  manualSeed(123);
  using embedding = new Embedding(6, 3);

  expect(print(embedding.weight.data, 3)).toEqual([
    "[ 0.3374, -0.1778, -0.1690]",
    "[ 0.9178,  1.5810,  1.3010]",
    "[ 1.2753, -0.2010, -0.1606]",
    "[-0.4015,  0.9666, -1.1481]",
    "[-1.1589,  0.3255, -0.6315]",
    "[-2.8400, -0.7849, -1.4096]",
  ]);
});

test("the token with the number 3 has row 3", () => {
  manualSeed(123);
  using embedding = new Embedding(6, 3);

  expect(print(embedding.forward([3]), 3)).toEqual(["[-0.4015,  0.9666, -1.1481]"]);
});

test("four tokens are four rows, in their order", () => {
  manualSeed(123);
  using embedding = new Embedding(6, 3);
  const inputIds = [2, 3, 5, 1];

  expect(print(embedding.forward(inputIds), 3)).toEqual([
    "[ 1.2753, -0.2010, -0.1606]",
    "[-0.4015,  0.9666, -1.1481]",
    "[-2.8400, -0.7849, -1.4096]",
    "[ 0.9178,  1.5810,  1.3010]",
  ]);
});

test("with four numbers for each token the table is another", () => {
  manualSeed(123);
  using embedding = new Embedding(6, 4);

  expect(print(embedding.weight.data, 4)).toEqual([
    "[ 0.3374, -0.1778, -0.3035, -0.5880]",
    "[ 0.3486,  0.6603, -0.2196, -0.3792]",
    "[-0.1606, -0.4015,  0.6957, -1.8061]",
    "[ 1.8960, -0.1750,  1.3689, -1.6033]",
    "[-0.7849, -1.4096, -0.4076,  0.7953]",
    "[ 0.9985,  0.2212,  1.8319, -0.3378]",
  ]);
  expect(print(embedding.forward([2, 3, 5, 1]), 4)).toEqual([
    "[-0.1606, -0.4015,  0.6957, -1.8061]",
    "[ 1.8960, -0.1750,  1.3689, -1.6033]",
    "[ 0.9985,  0.2212,  1.8319, -0.3378]",
    "[ 0.3486,  0.6603, -0.2196, -0.3792]",
  ]);
});

test("the numbers are the same on every backend", () => {
  const tables = ["wasm", "js"].map((backend) => {
    manualSeed(123);
    using embedding = new Embedding(6, 4, { backend });
    return embedding.weight.data.slice();
  });
  manualSeed(123);
  using embedding = new Embedding(6, 4);
  for (const table of tables) expect(table).toEqual(embedding.weight.data.slice());
});
