import { describe, expect, test } from "vitest";
import { Linear, manualSeed } from "../../src/index.js";
import { onEveryImplementation } from "../conformance/implementations.js";
import { differingBits, differingValues, none, openVectors } from "./vectors.js";

const vectors = openVectors("linear");
const shapes = vectors.names.filter((name) => name.endsWith(".gradX")).map((name) => name.replace(".gradX", ""));

test("there are shapes", () => {
  expect(shapes.sort()).toEqual(["odd", "one", "small", "tall", "tutorial", "wide"]);
});

onEveryImplementation(({ name: backend }) => {
  describe.each(shapes)("%s", (name) => {
    const [inFeatures, outFeatures, withBias] = vectors.int32(`${name}.arguments`);
    const bias = withBias === 1;

    function make(): Linear {
      manualSeed(123);
      return new Linear(inFeatures, outFeatures, { bias, backend });
    }

    test("the first weights and biases, bit for bit", () => {
      using layer = make();
      const weight = vectors.floats(`${name}.weight`);
      expect(layer.weight.shape).toEqual([outFeatures, inFeatures]);
      expect(differingBits(layer.weight.data, weight)).toEqual(none(weight));
      expect(layer.bias === null).toBe(!bias);
      if (layer.bias === null) return;
      const expected = vectors.floats(`${name}.bias`);
      expect(differingBits(layer.bias.data, expected)).toEqual(none(expected));
    });

    // The sums of a product come in another order than its BLAS's, so to 1e-6 of the largest value: the law of the house
    // fixes our order on every backend, which is tested elsewhere.
    test("forward, to 1e-6", () => {
      using layer = make();
      const expected = vectors.floats(`${name}.forward`);
      expect(differingValues(layer.forward(vectors.floats(`${name}.x`)), expected, 1e-6)).toEqual(none(expected));
    });

    test("backward, to 1e-6", () => {
      using layer = make();
      const gradX = layer.backward(vectors.floats(`${name}.x`), vectors.floats(`${name}.gradOut`));
      expect(differingValues(gradX, vectors.floats(`${name}.gradX`), 1e-6)).toEqual(none(gradX));
      const gradWeight = vectors.floats(`${name}.gradWeight`);
      expect(differingValues(layer.weight.grad!.toDense(), gradWeight, 1e-6)).toEqual(none(gradWeight));
      if (layer.bias === null) return;
      const gradBias = vectors.floats(`${name}.gradBias`);
      expect(differingValues(layer.bias.grad!.toDense(), gradBias, 1e-6)).toEqual(none(gradBias));
    });
  });
});
