import { expect, test } from "vitest";
import { Embedding } from "../src/layers/embedding.js";
import { Unembedding } from "../src/layers/unembedding.js";
import { filled, Random } from "./conformance/cases.js";
import { onEveryImplementation } from "./conformance/implementations.js";

onEveryImplementation(({ name: backend }) => {
  const tied = (values: number[], embeddingDim: number) =>
    Embedding.fromPretrained(Float32Array.from(values), { embeddingDim, freeze: false, backend });

  test("topK: greatest first, of equals the lower row, NaN above everything", () => {
    using tokens = tied([1, 3, Number.NaN, 3, -1, Number.NaN, Number.POSITIVE_INFINITY], 1);
    const { indices, values } = new Unembedding(tokens.weight).topK(Float32Array.of(1, -1), 7);
    expect([...indices]).toEqual([2, 5, 6, 1, 3, 0, 4, 2, 5, 4, 0, 1, 3, 6]);
    expect([...values.subarray(0, 7)]).toEqual([Number.NaN, Number.NaN, Number.POSITIVE_INFINITY, 3, 3, 1, -1]);
  });

  test("topK is what sorting the logits gives", () => {
    const random = new Random(6);
    using tokens = Embedding.fromPretrained(filled(random, 200 * 3).map(Math.round), { embeddingDim: 3, backend });
    const head = new Unembedding(tokens.weight);
    const hidden = filled(random, 5 * 3).map(Math.round); // small integers: many ties
    const logits = head.forward(hidden);
    const { indices } = head.topK(hidden, 20);
    for (let i = 0; i < 5; i++) {
      const row = [...logits.subarray(i * 200, (i + 1) * 200)];
      const sorted = row.map((_, j) => j).sort((x, y) => row[y] - row[x] || x - y);
      expect([...indices.subarray(i * 20, (i + 1) * 20)]).toEqual(sorted.slice(0, 20));
    }
  });

  test("loss: ignored rows count for nothing, and their gradient is zero", () => {
    using tokens = tied([0.5, -1, 0.25, 2, 1, 1], 2);
    const head = new Unembedding(tokens.weight, { bias: true });
    const hidden = Float32Array.of(1, 2, 100, -3, -1, 0.5);
    const some = head.loss(hidden, [2, -100, 0]);
    const [weightGrad, biasGrad] = [tokens.weight.grad!.toDense(), head.bias!.grad!.toDense()];
    tokens.weight.zeroGrad();
    head.bias!.zeroGrad();
    const others = head.loss(Float32Array.of(1, 2, -1, 0.5), [2, 0]);
    expect(some.loss).toBe(others.loss);
    expect([...some.gradHidden!]).toEqual([
      ...others.gradHidden!.subarray(0, 2),
      0,
      0,
      ...others.gradHidden!.subarray(2),
    ]);
    expect(tokens.weight.grad!.toDense()).toEqual(weightGrad);
    expect(head.bias!.grad!.toDense()).toEqual(biasGrad);
    expect(head.loss(hidden, [2, 7, 0], { ignoreIndex: 7, gradients: false })).toEqual({
      loss: some.loss,
      gradHidden: null,
    });
    expect(head.loss(hidden, BigInt64Array.of(2n, -100n, 0n), { gradients: false }).loss).toBe(some.loss);
    head.dispose();
  });

  test("loss: the sum is the mean times the rows that count, and no row at all has the mean NaN", () => {
    using tokens = tied([0, 0, 0, 0], 1);
    const head = new Unembedding(tokens.weight);
    const hidden = Float32Array.of(1, 2, 3);
    expect(head.loss(hidden, [0, 1, -100], { reduction: "sum" }).loss).toBeCloseTo(2 * Math.log(4), 6);
    expect(head.loss(hidden, [0, 1, -100], { reduction: "mean" }).loss).toBeCloseTo(Math.log(4), 6);
    expect(head.loss(hidden, [-100, -100, -100]).loss).toBeNaN();
    expect(head.loss(hidden, [-100, -100, -100], { reduction: "sum" }).loss).toBe(0);
  });

  test("loss: its gradient is the slope of the loss", () => {
    const random = new Random(8);
    using tokens = Embedding.fromPretrained(filled(random, 9 * 4), { embeddingDim: 4, freeze: false, backend });
    const head = new Unembedding(tokens.weight);
    const hidden = filled(random, 3 * 4);
    const targets = [8, 0, 4];
    const { gradHidden } = head.loss(hidden, targets);
    const grad = tokens.weight.grad!.toDense();
    const slope = (values: Float32Array, at: number) => {
      const [value, step] = [values[at], 1 / 128];
      const losses = [value + step, value - step].map((moved) => {
        values[at] = moved;
        return head.loss(hidden, targets, { gradients: false }).loss;
      });
      values[at] = value;
      return (losses[0] - losses[1]) / (2 * step);
    };
    for (let at = 0; at < 12; at++) expect(gradHidden![at]).toBeCloseTo(slope(hidden, at), 3);
    for (let at = 0; at < 36; at++) expect(grad[at]).toBeCloseTo(slope(tokens.weight.data, at), 3);
  });
});
