import { describe, expect, test } from "vitest";
import { Embedding, type EmbeddingOptions, manualSeed, TokenPositionEmbedding } from "../../src/index.js";
import { onEveryImplementation } from "../conformance/implementations.js";
import { differingBits, differingValues, none, openVectors } from "./vectors.js";

const vectors = openVectors("layers");
const cases = vectors.names
  .filter((name) => name.endsWith(".options"))
  .map((name) => name.slice(0, -".options".length));

/** The options of a case as PyTorch was given them; -1 stands for one that it was not given. */
function optionsOf(name: string): EmbeddingOptions & { embeddingDim: number } {
  const [paddingIdx, maxNorm, normType, scaleGradByFreq] = vectors.doubles(`${name}.options`);
  return {
    embeddingDim: vectors.shape(`${name}.weight`)[1],
    ...(paddingIdx >= 0 && { paddingIdx }),
    ...(maxNorm >= 0 && { maxNorm }),
    normType,
    scaleGradByFreq: scaleGradByFreq === 1,
  };
}

test("there are cases", () => {
  expect(cases.filter((name) => name.startsWith("renorm"))).toHaveLength(10);
  expect(cases.filter((name) => name.startsWith("frequency"))).toHaveLength(4);
  expect(cases.filter((name) => name.startsWith("combined"))).toHaveLength(120);
});

onEveryImplementation(({ name: backend }) => {
  test.each(cases)("Embedding, %s", (name) => {
    const options = { ...optionsOf(name), freeze: false, backend };
    const weight = vectors.floats(`${name}.weight`);
    const indices = vectors.int32(`${name}.indices`);
    const gradOut = vectors.floats(`${name}.gradOut`);
    const grad = vectors.floats(`${name}.grad`);
    for (const sparse of [false, true]) {
      using layer = Embedding.fromPretrained(weight, { ...options, sparse });
      const forward = layer.forward(indices);
      const expected = vectors.floats(`${name}.forward`);
      if (options.maxNorm === undefined) {
        expect(differingBits(forward, expected)).toEqual(none(expected));
        expect(differingBits(layer.weight.data, weight)).toEqual(none(weight));
      } else {
        // PyTorch adds a row's squares up in an order and, for other norms, with powers of its own.
        expect(differingValues(forward, expected, 1e-6)).toEqual(none(expected));
        const renormed = vectors.floats(`${name}.renormed`);
        expect(differingValues(layer.weight.data, renormed, 1e-6)).toEqual(none(renormed));
        // A row that PyTorch left alone has the bits it had.
        const dim = options.embeddingDim;
        for (let start = 0; start < weight.length; start += dim) {
          const row = weight.subarray(start, start + dim);
          if (differingBits(renormed.subarray(start, start + dim), row).differing > 0) continue;
          expect(differingBits(layer.weight.data.subarray(start, start + dim), row)).toEqual(none(row));
        }
      }
      // The gradient knows nothing of maxNorm and is PyTorch's, bit for bit; sparse too, which PyTorch refuses with scale_grad_by_freq.
      layer.backward(indices, gradOut);
      expect(layer.weight.grad!.kind).toBe(sparse ? "sparse" : "dense");
      expect(differingBits(layer.weight.grad!.toDense(), grad)).toEqual(none(grad));
    }
  });

  describe("TokenPositionEmbedding", () => {
    const make = (): TokenPositionEmbedding => {
      manualSeed(123);
      return new TokenPositionEmbedding(11, 8, 6, { backend });
    };

    test("begins as two PyTorch layers do, one after the other", () => {
      using input = make();
      for (const table of ["token", "position"] as const) {
        const expected = vectors.floats(`tokenPosition.${table}`);
        expect(differingBits(input[table].weight.data, expected)).toEqual(none(expected));
      }
    });

    test.each(["batch", "decode", "one"])("%s: sums and gradients, bit for bit", (name) => {
      using input = make();
      const at = `tokenPosition.${name}`;
      const indices = vectors.int32(`${at}.indices`);
      const sequences = { sequenceLength: vectors.shape(`${at}.indices`)[1], start: vectors.int32(`${at}.start`)[0] };
      const expected = vectors.floats(`${at}.forward`);
      expect(differingBits(input.forward(indices, sequences), expected)).toEqual(none(expected));
      input.backward(indices, sequences, vectors.floats(`${at}.gradOut`));
      for (const table of ["token", "position"] as const) {
        const grad = vectors.floats(`${at}.${table}.grad`);
        expect(differingBits(input[table].weight.grad!.toDense(), grad)).toEqual(none(grad));
      }
      const expanded = vectors.floats(`${at}.position.grad.expanded`);
      expect(differingBits(input.position.weight.grad!.toDense(), expanded)).toEqual(none(expanded));
    });

    test("sinusoidal positions", () => {
      const table = (contextLength: number, embeddingDim: number): Float32Array => {
        using input = new TokenPositionEmbedding(1, contextLength, embeddingDim, { backend, positions: "sinusoidal" });
        return input.position.weight.data.slice();
      };
      const double = vectors.floats("sinusoidal.double");
      expect(differingValues(table(1100, 10), double, 1e-7)).toEqual(none(double));
      const odd = vectors.floats("sinusoidal.odd");
      expect(differingValues(table(20, 7), odd, 1e-7)).toEqual(none(odd));
      // Taken in floats, as PyTorch code usually takes it, the angle loses bits as positions grow: the first sixteen agree to 1e-6.
      const float = vectors.floats("sinusoidal.float");
      expect(differingValues(table(16, 10), float, 1e-6)).toEqual(none(float));
    });
  });
});
