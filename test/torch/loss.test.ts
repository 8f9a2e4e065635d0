import { describe, expect, test } from "vitest";
import { Embedding, Unembedding } from "../../src/index.js";
import { onEveryImplementation } from "../conformance/implementations.js";
import { openVectors } from "./vectors.js";

const vectors = openVectors("loss");
const [, embeddingDim] = vectors.shape("weight");

const cases = {
  plain: {},
  smoothing: { labelSmoothing: 0.1 },
  "smoothing.one": { labelSmoothing: 1 },
  ignore3: { ignoreIndex: 3 },
  "ignore3.smoothing": { ignoreIndex: 3, labelSmoothing: 0.3 },
  weighted: { classWeights: vectors.floats("classWeights") },
  allIgnored: {},
  "allIgnored.smoothing": { labelSmoothing: 0.1 },
  large: {},
  huge: {},
  masked: {},
  "masked.smoothing": { labelSmoothing: 0.1 },
  hot: {},
};

/** Throws unless both are the same NaN, infinity or number to 1e-6 of the largest finite one that is expected. */
function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const finite = Array.from(expected).filter(Number.isFinite);
  const scale = finite.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i]) || Math.abs(actual[i] - expected[i]) <= 1e-6 * scale) continue;
    throw new Error(`${what}[${i}] is ${actual[i]}, expected ${expected[i]} to 1e-6 of ${scale}`);
  }
}

onEveryImplementation(({ name: backend }) => {
  const make = (bias = "bias") => {
    const table = Embedding.fromPretrained(vectors.floats("weight"), { embeddingDim, freeze: false, backend });
    const head = new Unembedding(table.weight, { bias: true });
    head.bias!.data.set(vectors.floats(bias));
    return head;
  };
  const finish = (head: Unembedding) => {
    head.weight.dispose();
    head.dispose();
  };

  describe.each(Object.entries(cases))("cross-entropy, to 1e-6: %s", (name, options) => {
    const biasOf = name.startsWith("masked") ? "bias.masked" : name === "hot" ? "bias.hot" : "bias";
    test.each(["mean", "sum"] as const)("%s", (reduction) => {
      const head = make(biasOf);
      const hidden = vectors.floats(`${name}.hidden`);
      const { loss, gradHidden } = head.loss(hidden, vectors.int64(`${name}.targets`), { ...options, reduction });
      const key = `${name}.${reduction}`;
      expectClose([loss], vectors.floats(`${key}.loss`), "loss");
      expectClose(gradHidden!, vectors.floats(`${key}.gradHidden`), "gradHidden");
      expectClose(head.weight.grad!.toDense(), vectors.floats(`${key}.gradWeight`), "gradWeight");
      expectClose(head.bias!.grad!.toDense(), vectors.floats(`${key}.gradBias`), "gradBias");
      finish(head);
    });

    test("none: rows by themselves, the gradients of the sum", () => {
      const head = make(biasOf);
      const hidden = vectors.floats(`${name}.hidden`);
      const targets = vectors.int64(`${name}.targets`);
      const { loss, gradHidden } = head.loss(hidden, targets, { ...options, reduction: "none" });
      expectClose(loss, vectors.floats(`${name}.none.loss`), "loss");
      const gradWeight = head.weight.grad!.toDense();
      head.weight.zeroGrad();
      const sum = head.loss(hidden, targets, { ...options, reduction: "sum" });
      expect(gradHidden).toEqual(sum.gradHidden);
      expect(gradWeight).toEqual(head.weight.grad!.toDense());
      finish(head);
    });
  });

  test.each(["sampled", "sampled.large"])("%s: binary cross-entropy of the candidates, dense and sparse", (name) => {
    for (const sparse of [false, true]) {
      const head = make();
      const hidden = vectors.floats(`${name}.hidden`);
      const [targets, negatives] = [vectors.int64("sampled.targets"), vectors.int64("sampled.negatives")];
      const { loss, gradHidden } = head.sampledLoss(hidden, targets, negatives, { reduction: "none", sparse });
      expectClose(loss, vectors.floats(`${name}.loss`), "loss");
      expectClose(gradHidden!, vectors.floats(`${name}.gradHidden`), "gradHidden");
      expectClose(head.weight.grad!.toDense(), vectors.floats(`${name}.gradWeight`), "gradWeight");
      expectClose(head.bias!.grad!.toDense(), vectors.floats(`${name}.gradBias`), "gradBias");
      expect([head.weight.grad!.kind, head.bias!.grad!.kind]).toEqual(
        sparse ? ["sparse", "sparse"] : ["dense", "dense"],
      );
      finish(head);
    }
  });

  test("topK with a bias: the same rows, their logits to 1e-6", () => {
    const head = make();
    const { indices, values } = head.topK(vectors.floats("hidden"), 7);
    expect([...indices]).toEqual(Array.from(vectors.int64("topK.indices"), Number));
    expectClose(values, vectors.floats("topK.values"), "values");
    finish(head);
  });
});
