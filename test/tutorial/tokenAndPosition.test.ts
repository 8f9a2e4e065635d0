import { Embedding, manualSeed, TokenPositionEmbedding } from "nn-embedding";
import { expect, test } from "vitest";
import { print } from "./print.js";

/** The third lesson: a lookup does not know where a token stands, so a second table has a row for each place, and the two are added. */

const batch = [
  [2, 3, 5, 1],
  [0, 3, 3, 4],
];

test("token 3 has the same row wherever it stands", () => {
  manualSeed(123);
  using tokens = new Embedding(6, 4);

  expect(print(tokens.forward(batch), 4)).toEqual([
    "[-0.1606, -0.4015,  0.6957, -1.8061]",
    "[ 1.8960, -0.1750,  1.3689, -1.6033]",
    "[ 0.9985,  0.2212,  1.8319, -0.3378]",
    "[ 0.3486,  0.6603, -0.2196, -0.3792]",

    "[ 0.3374, -0.1778, -0.3035, -0.5880]",
    "[ 1.8960, -0.1750,  1.3689, -1.6033]",
    "[ 1.8960, -0.1750,  1.3689, -1.6033]",
    "[-0.7849, -1.4096, -0.4076,  0.7953]",
  ]);
});

test("a table of positions: four places, drawn after the tokens", () => {
  manualSeed(123);
  using tokens = new Embedding(6, 4);
  using positions = new Embedding(4, 4);

  expect(tokens.numEmbeddings).toBe(6);
  expect(print(positions.forward([0, 1, 2, 3]), 4)).toEqual([
    "[ 0.9624,  0.2492, -0.4845, -2.0929]",
    "[-0.8199, -0.4210, -0.9620,  1.2825]",
    "[-0.3430, -0.6821, -0.9887, -1.7018]",
    "[-0.7498, -1.1285,  0.4135,  0.2892]",
  ]);
});

/** What PyTorch prints for tokens(batch) + positions(arange(4)). */
const sums = [
  "[ 0.8019, -0.1523,  0.2112, -3.8990]",
  "[ 1.0761, -0.5961,  0.4069, -0.3208]",
  "[ 0.6555, -0.4609,  0.8432, -2.0397]",
  "[-0.4012, -0.4682,  0.1939, -0.0900]",

  "[ 1.2998,  0.0714, -0.7880, -2.6809]",
  "[ 1.0761, -0.5961,  0.4069, -0.3208]",
  "[ 1.5529, -0.8572,  0.3802, -3.3051]",
  "[-1.5347, -2.5381,  0.0059,  1.0845]",
];

test("their sum, by hand: now the two threes of the second text differ", () => {
  manualSeed(123);
  using tokens = new Embedding(6, 4);
  using positions = new Embedding(4, 4);
  const tokenRows = tokens.forward(batch);
  const positionRows = positions.forward([0, 1, 2, 3]);

  expect(
    print(
      tokenRows.map((x, at) => x + positionRows[at % 16]),
      4,
    ),
  ).toEqual(sums);
});

test("the same layer in one: both tables, one pass", () => {
  manualSeed(123);
  using input = new TokenPositionEmbedding(6, 4, 4);

  expect(print(input.forward(batch), 4)).toEqual(sums);
});

test("a text may not be longer than there are places", () => {
  using input = new TokenPositionEmbedding(6, 4, 4);

  expect(() => input.forward([2, 3, 5, 1, 0])).toThrow(
    "position of indices[4] is 4, expected an integer in [0, 4), the context length",
  );
});
