import { expect, test } from "vitest";
import { Embedding, EmbeddingBag, Linear, TokenPositionEmbedding, Unembedding } from "../src/index.js";
import { AdamW, clipGradNorm, SGD } from "../src/optim/index.js";
import { refusalOf } from "./refusals.js";

test("each layer gives its parameters, without nulls and in PyTorch's order", () => {
  using layer = new Embedding(5, 4);
  using bag = new EmbeddingBag(5, 4);
  using input = new TokenPositionEmbedding(5, 6, 4);
  using linear = new Linear(4, 5);
  using plain = new Linear(4, 5, { bias: false });
  using head = new Unembedding(layer.weight, { bias: true });
  using tied = new Unembedding(layer.weight);
  expect(layer.parameters()).toEqual([layer.weight]);
  expect(bag.parameters()).toEqual([bag.weight]);
  expect(input.parameters()).toEqual([input.token.weight, input.position.weight]);
  expect(linear.parameters()).toEqual([linear.weight, linear.bias]);
  expect(plain.parameters()).toEqual([plain.weight]);
  expect(head.parameters()).toEqual([layer.weight, head.bias]);
  expect(tied.parameters()).toEqual([layer.weight]);

  const all = [layer, bag, input, linear, plain, head].flatMap((each) => each.parameters());
  expect(refusalOf(() => new SGD(all))).toBe(
    "TypeError [ERR_INVALID_ARG_TYPE]: parameters[7] is parameters[0] again, expected each once",
  );
  using optimizer = new AdamW(new Set(all));
  expect(optimizer.groups[0].parameters).toHaveLength(8);
  expect(clipGradNorm(new Set(all), 1)).toBe(0);
});

test("frozen ones are among them and stay as they are", () => {
  using input = new TokenPositionEmbedding(5, 6, 4, { positions: "sinusoidal" });
  using optimizer = new SGD(input.parameters(), { lr: 0.5 });
  const [token, position] = input.parameters().map(({ data }) => data.slice());
  input.backward([1], {}, new Float32Array(4).fill(1));
  optimizer.step();
  expect(input.position.weight.data).toEqual(position);
  expect(input.token.weight.data).not.toEqual(token);
});

test("a gradient says which rows it holds, null for all", () => {
  for (const sparse of [true, false]) {
    using layer = new Embedding(5, 1, { sparse });
    layer.backward([3, 1], Float32Array.of(1, 2));
    expect(layer.weight.grad?.rows).toEqual(sparse ? Uint32Array.of(1, 3) : null);
  }
});
