import { describe, expect, test } from "vitest";
import { Embedding, Unembedding } from "../../src/index.js";
import { onEveryImplementation } from "../conformance/implementations.js";
import { differingValues, none, openVectors } from "./vectors.js";

const vectors = openVectors("unembedding");
const [, embeddingDim] = vectors.shape("weight");
const hidden = vectors.floats("hidden");

// The products sum in another order than PyTorch's BLAS, exp and log are our own polynomials (the same on every
// backend), not the C library's: so all of this to 1e-6 of the largest value, and the same choices.
onEveryImplementation(({ name: backend }) => {
  const makeTable = () => Embedding.fromPretrained(vectors.floats("weight"), { embeddingDim, freeze: false, backend });

  test("logits and their gradients, to 1e-6", () => {
    using table = makeTable();
    using head = new Unembedding(table.weight);
    const logits = vectors.floats("logits");
    expect(differingValues(head.forward(hidden), logits, 1e-6)).toEqual(none(logits));
    const gradHidden = vectors.floats("backward.hidden");
    expect(differingValues(head.backward(hidden, vectors.floats("gradLogits")), gradHidden, 1e-6)).toEqual(
      none(gradHidden),
    );
    const gradWeight = vectors.floats("backward.weight");
    expect(differingValues(table.weight.grad!.toDense(), gradWeight, 1e-6)).toEqual(none(gradWeight));
  });

  test("topK: the same rows, their logits to 1e-6", () => {
    using table = makeTable();
    using head = new Unembedding(table.weight);
    const { indices, values } = head.topK(hidden, 5);
    expect([...indices]).toEqual(Array.from(vectors.int64("topK.indices"), Number));
    const expected = vectors.floats("topK.values");
    expect(differingValues(values, expected, 1e-6)).toEqual(none(expected));
  });

  describe("cross-entropy, to 1e-6", () => {
    test.each([
      ["mean", "mean"],
      ["sum", "sum"],
      ["ignore3", "mean"],
      ["large", "mean"],
      ["none", "sum"],
    ] as const)("%s", (name, reduction) => {
      using table = makeTable();
      using head = new Unembedding(table.weight);
      const [ignoreIndex] = vectors.int32(`${name}.ignoreIndex`);
      const states = vectors.floats(`${name}.hidden`);
      const { loss, gradHidden } = head.loss(states, vectors.int64(`${name}.targets`), { ignoreIndex, reduction });
      expect(differingValues(Float32Array.of(loss), vectors.floats(`${name}.loss`), 1e-6)).toEqual(none([loss]));
      const expected = vectors.floats(`${name}.gradHidden`);
      expect(differingValues(gradHidden!, expected, 1e-6)).toEqual(none(expected));
      const gradWeight = vectors.floats(`${name}.gradWeight`);
      expect(differingValues(table.weight.grad!.toDense(), gradWeight, 1e-6)).toEqual(none(gradWeight));
    });

    test("no target that counts: the mean is NaN, as PyTorch's is", () => {
      using table = makeTable();
      using head = new Unembedding(table.weight);
      expect(head.loss(hidden, Array(hidden.length / embeddingDim).fill(-100)).loss).toBeNaN();
    });

    test("a tied table gets the gradients of both its ends", () => {
      using table = makeTable();
      using head = new Unembedding(table.weight);
      const tokens = vectors.int64("tied.tokens");
      const { loss, gradHidden } = head.loss(table.forward(tokens), vectors.int64("tied.targets"));
      table.backward(tokens, gradHidden!);
      expect(differingValues(Float32Array.of(loss), vectors.floats("tied.loss"), 1e-6)).toEqual(none([loss]));
      const expected = vectors.floats("tied.gradWeight");
      expect(differingValues(table.weight.grad!.toDense(), expected, 1e-6)).toEqual(none(expected));
    });
  });
});
