import { TokenPositionEmbedding, Unembedding } from "nn-embedding";
import { expect, test } from "vitest";
import { print } from "./print.js";

/**
 * The fifth lesson: how GPT-2 begins and ends. Its checkpoint holds two tables: wte, a row for each of 50,257 tokens, and wpe, a row for
 * each of 1,024 places, of 768 numbers each. Here are tables of the same kind, six tokens and five places of four numbers.
 */
const wte = Float32Array.of(
  ...[-0.1101, -0.0393, 0.0331, 0.1338],
  ...[0.0403, -0.0486, 0.0462, 0.099],
  ...[-0.1275, 0.0479, 0.1841, 0.0899],
  ...[-0.0968, 0.0305, -0.0101, -0.0257],
  ...[0.0514, -0.0277, 0.0499, 0.007],
  ...[0.0655, -0.0149, -0.0315, 0.0218],
);
const wpe = Float32Array.of(
  ...[-0.0188, -0.1974, 0.004, 0.0113],
  ...[0.024, -0.0538, -0.0949, 0.0392],
  ...[0.0042, -0.0848, 0.0545, 0.0188],
  ...[-0.0003, -0.0738, 0.1055, 0.01],
  ...[0.0077, -0.0251, 0.1297, 0.0106],
);

const open = () => TokenPositionEmbedding.fromPretrained({ token: wte, position: wpe }, { embeddingDim: 4 });

test("what goes into the first block: wte[ids] + wpe[0 … 3]", () => {
  using input = open();

  expect(print(input.forward([4, 1, 1, 5]), 4)).toEqual([
    "[ 0.0326, -0.2251,  0.0539,  0.0183]",
    "[ 0.0643, -0.1024, -0.0487,  0.1382]",
    "[ 0.0445, -0.1334,  0.1007,  0.1178]",
    "[ 0.0652, -0.0887,  0.0740,  0.0318]",
  ]);
});

test("the next token alone, in fifth place", () => {
  using input = open();

  expect(print(input.forward([2], { start: 4 }), 4)).toEqual(["[-0.1198,  0.0228,  0.3138,  0.1005]"]);
});

test("what comes out of the last block is compared with every row of the same wte: one number for each token", () => {
  using input = open();
  const head = new Unembedding(input.token.weight);
  const last = input.forward([4, 1, 1, 5]).subarray(3 * 4); // as if there were no block in between

  expect(print(head.forward(last), 6)).toEqual(["[ 0.0030,  0.0135,  0.0039, -0.0106,  0.0097,  0.0040]"]);
  expect([...head.topK(last, 2).indices]).toEqual([1, 4]);
});

test("given tables are not trained unless asked for", () => {
  using input = open();
  input.backward([4, 1], {}, new Float32Array(8).fill(1));

  expect([input.token.weight.grad, input.position.weight.grad]).toEqual([null, null]);
});
