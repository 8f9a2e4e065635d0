import { describe, expect, test } from "vitest";
import { type BagInput, EmbeddingBag, type EmbeddingBagOptions, manualSeed } from "../../src/index.js";
import { onEveryImplementation } from "../conformance/implementations.js";
import { differingBits, differingValues, none, openVectors } from "./vectors.js";

const vectors = openVectors("bags");
const cases = vectors.names.filter((name) => name.endsWith(".grad")).map((name) => name.replace(".grad", ""));
const table = vectors.floats("table");

/** "sum.offsets.padding.sparse.weighted" as PyTorch's arguments. */
function parse(name: string): { options: EmbeddingBagOptions; input: BagInput; isWeighted: boolean } {
  const [mode, form, padding, layout, weighted] = name.split(".");
  const weights = vectors.floats("weights");
  const perSampleWeights = weighted === undefined ? {} : { perSampleWeights: weights };
  const options = {
    mode: mode as "sum",
    includeLastOffset: form === "lastOffset",
    sparse: layout === "sparse",
    ...(padding === "padding" && { paddingIdx: 7 - 12 }),
  };
  const input =
    form === "bagSize"
      ? { indices: vectors.int64("grid"), bagSize: 4, ...perSampleWeights }
      : {
          indices: vectors.int64("indices"),
          offsets: vectors.int64(form === "lastOffset" ? "lastOffsets" : "offsets"),
          ...perSampleWeights,
        };
  return { options, input, isWeighted: weighted !== undefined };
}

test("there are cases", () => {
  expect(cases.filter((name) => !name.startsWith("wide"))).toHaveLength(2 * 3 * (4 + 2 + 1));
  expect(cases.filter((name) => name.startsWith("wide"))).toHaveLength(4);
});

onEveryImplementation(({ name: backend }) => {
  const make = (from: Float32Array, embeddingDim: number, options: EmbeddingBagOptions) =>
    EmbeddingBag.fromPretrained(from, { embeddingDim, freeze: false, backend, ...options });

  describe.each(cases.filter((name) => !name.startsWith("wide")))("%s", (name) => {
    const { options, input, isWeighted } = parse(name);
    const gradOut = vectors.floats(`${name}.gradOut`);

    test("forward: bit for bit, within 1e-6 with weights, where PyTorch fuses product and sum", () => {
      using layer = make(table, 5, options);
      const expected = vectors.floats(`${name}.forward`);
      const actual = layer.forward(input);
      if (!isWeighted) expect(differingBits(actual, expected)).toEqual(none(expected));
      expect(differingValues(actual, expected, 1e-6)).toEqual(none(expected));
    });

    test("backward: bit for bit, within 1e-6 with a factor, where PyTorch fuses product and sum", () => {
      using layer = make(table, 5, options);
      const { gradPerSampleWeights } = layer.backward(input, gradOut);
      const { grad } = layer.weight;
      expect(grad?.kind).toBe(options.sparse ? "sparse" : "dense");
      const expected = vectors.floats(`${name}.grad`);
      if (!isWeighted && options.mode !== "mean") {
        expect(differingBits(grad!.toDense(), expected)).toEqual(none(expected));
      }
      expect(differingValues(grad!.toDense(), expected, 1e-6)).toEqual(none(expected));
      expect(gradPerSampleWeights === undefined).toBe(!isWeighted);
      if (gradPerSampleWeights !== undefined) {
        const weights = vectors.floats(`${name}.gradWeights`);
        expect(differingValues(gradPerSampleWeights, weights, 1e-6)).toEqual(none(weights));
      }
    });
  });

  test.each(["sum", "mean", "max", "weighted"])("long bags, %s", (kind) => {
    const mode = kind === "weighted" ? "sum" : (kind as "sum");
    using layer = make(vectors.floats("wide.table"), 67, { mode });
    const weights = kind === "weighted" ? { perSampleWeights: vectors.floats("wide.weights") } : {};
    const input = { indices: vectors.int64("wide.indices"), offsets: vectors.int64("wide.offsets"), ...weights };
    const expected = vectors.floats(`wide.${kind}.forward`);
    const actual = layer.forward(input);
    if (kind !== "weighted") expect(differingBits(actual, expected)).toEqual(none(expected));
    expect(differingValues(actual, expected, 1e-6)).toEqual(none(expected));
    layer.backward(input, vectors.floats(`wide.${kind}.gradOut`));
    const grad = vectors.floats(`wide.${kind}.grad`);
    if (kind === "max") expect(differingBits(layer.weight.grad!.values, grad)).toEqual(none(grad));
    expect(differingValues(layer.weight.grad!.values, grad, 1e-6)).toEqual(none(grad));
  });

  test("indices behind the last offset are in no bag, nor in the number that a mean is divided by", () => {
    const input = { indices: vectors.int64("indices"), offsets: [0, 4, 9] };
    using summed = make(table, 5, { mode: "sum", includeLastOffset: true });
    const sums = vectors.floats("behind.sum");
    expect(differingBits(summed.forward(input), sums)).toEqual(none(sums));
    using mean = make(table, 5, { includeLastOffset: true });
    const means = sums.map((sum, at) => sum / (at < 5 ? 4 : 5));
    expect(differingBits(mean.forward(input), means)).toEqual(none(means));
    // PyTorch counts the last bag to the end of the indices, 12 of 16, where the bag has 5 (pytorch#191965).
    const wrong = sums.map((sum, at) => sum / (at < 5 ? 4 : 12));
    expect(differingBits(vectors.floats("behind.mean"), wrong)).toEqual(none(wrong));
  });

  test.each([
    [2, 1],
    [1, 2.5],
    [Number.POSITIVE_INFINITY, 0.5],
  ])("norm %s of at most %s: the table and the bags, within 1e-6", (normType, maxNorm) => {
    using layer = make(table, 5, { maxNorm, normType });
    const actual = layer.forward({ indices: vectors.int64("indices"), offsets: vectors.int64("offsets") });
    const name = `renorm.${normType === Number.POSITIVE_INFINITY ? "inf" : `${normType}.0`}`;
    const expected = vectors.floats(`${name}.forward`);
    expect(differingValues(actual, expected, 1e-6)).toEqual(none(expected));
    const shortened = vectors.floats(`${name}.table`);
    expect(differingValues(layer.weight.data, shortened, 1e-6)).toEqual(none(shortened));
  });

  test("the first values are PyTorch's, the padding row 0", () => {
    manualSeed(123);
    using layer = new EmbeddingBag(9, 4, { paddingIdx: -2, backend });
    const expected = vectors.floats("initial");
    expect(differingBits(layer.weight.data, expected)).toEqual(none(expected));
  });

  test("scaleGradByFreq divides by the row's own count, not by another's as PyTorch does on the CPU (pytorch#190063)", () => {
    using layer = make(new Float32Array(3), 1, { mode: "sum", scaleGradByFreq: true });
    layer.backward([[0, 0, 0, 1, 2, 2]], Float32Array.of(1));
    expect(layer.weight.grad!.toDense()).toEqual(Float32Array.of(1, 1, 1));
    const wrong = vectors.floats("frequency.wrong");
    expect(Array.from(wrong, (value) => value.toFixed(4))).toEqual(["1.0000", "0.3333", "0.6667"]);
  });
});
