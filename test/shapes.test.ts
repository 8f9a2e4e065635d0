import { expect, test } from "vitest";
import { Embedding } from "../src/layers/embedding.js";
import { EmbeddingBag } from "../src/layers/embeddingBag.js";
import { Linear } from "../src/layers/linear.js";
import { TokenPositionEmbedding } from "../src/layers/tokenPositionEmbedding.js";
import { Unembedding } from "../src/layers/unembedding.js";

/** Kernels are told these sizes and trust them: nobody may change them from outside. */
const tokens = new Embedding(3, 2);
const layers: readonly [string, object, readonly string[]][] = [
  ["Embedding", tokens, ["numEmbeddings", "embeddingDim"]],
  ["EmbeddingBag", new EmbeddingBag(3, 2), ["numEmbeddings", "embeddingDim"]],
  ["Unembedding", new Unembedding(tokens.weight), ["numEmbeddings", "embeddingDim"]],
  ["TokenPositionEmbedding", new TokenPositionEmbedding(3, 4, 2), ["numEmbeddings", "contextLength", "embeddingDim"]],
  ["Linear", new Linear(2, 3), ["inFeatures", "outFeatures"]],
];

test.each(layers)("the sizes of %s cannot be written", (_, layer, sizes) => {
  for (const size of sizes) {
    const before = Reflect.get(layer, size);
    expect(Reflect.set(layer, size, 1000)).toBe(false);
    expect(Reflect.get(layer, size)).toBe(before);
  }
});

test("nor can the shape of a parameter, before and after a resize, or of its gradient", () => {
  using table = new Embedding(3, 2, { sparse: true });
  table.backward([1], new Float32Array(2));
  const shapes = [table.weight.shape, table.weight.grad!.shape];
  table.resize(4);
  for (const shape of [...shapes, table.weight.shape]) expect(Reflect.set(shape, 0, 1000)).toBe(false);
  expect(table.weight.shape).toEqual([4, 2]);
});
