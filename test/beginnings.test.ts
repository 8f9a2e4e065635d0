import { describe, expect, test } from "vitest";
import {
  AliasSampler,
  Embedding,
  EmbeddingBag,
  Generator,
  Linear,
  matmul,
  TokenPositionEmbedding,
  Unembedding,
} from "../src/index.js";
import { SGD } from "../src/optim/sgd.js";
import { defaultGenerator } from "../src/random/generator.js";
import { expectSameBits } from "./conformance/bits.js";
import { onEveryImplementation } from "./conformance/implementations.js";

onEveryImplementation(({ name: backend }) => {
  describe('init: "zeros"', () => {
    test("draws nothing, not for rows that come later either", () => {
      const generator = new Generator(3);
      const state = generator.getState();
      using layer = new Embedding(40, 24, { init: "zeros", paddingIdx: 1, generator, backend });
      using bag = new EmbeddingBag(40, 24, { init: "zeros", generator, backend });
      using input = new TokenPositionEmbedding(40, 6, 24, { init: "zeros", generator, backend });
      for (const { weight } of [layer, bag, input.token, input.position]) {
        expect(weight.data).toEqual(new Float32Array(weight.shape[0] * 24));
        expect(weight.requiresGrad).toBe(true);
      }
      layer.weight.data.fill(2);
      layer.resize(41);
      input.position.resize(7);
      expect([...layer.forward([39, 40])]).toEqual([...new Float32Array(48).fill(2, 0, 24)]);
      expect(input.position.weight.data).toEqual(new Float32Array(7 * 24));
      expect(generator.getState()).toEqual(state);
    });

    test("memory that was used before is zeros again", () => {
      new Embedding(50, 20, { backend }).dispose();
      using layer = new Embedding(50, 20, { init: "zeros", backend });
      expect(layer.weight.data).toEqual(new Float32Array(1000));
    });

    test('"normal" is what is drawn when nothing is said', () => {
      using said = new Embedding(9, 5, { init: "normal", generator: new Generator(4), backend });
      using unsaid = new Embedding(9, 5, { generator: new Generator(4), backend });
      expectSameBits(said.weight.data, unsaid.weight.data, "table");
    });
  });

  test("sinusoidal positions go on with sines when there are to be more of them, drawn from nothing", () => {
    const generator = new Generator(5);
    const positions = "sinusoidal";
    using input = new TokenPositionEmbedding(3, 4, 10, { positions, generator, backend });
    using longer = new TokenPositionEmbedding(3, 300, 10, { positions, generator, backend });
    const state = generator.getState();
    const before = defaultGenerator.getState();
    input.position.resize(2);
    input.position.resize(300);
    expectSameBits(input.position.weight.data, longer.position.weight.data, "positions");
    expect(input.position.weight.requiresGrad).toBe(false);
    expect(input.contextLength).toBe(300);
    expect(generator.getState()).toEqual(state);
    expect(defaultGenerator.getState()).toEqual(before);
  });

  test("what layers tell of themselves they take again: null for none", () => {
    using layer = new Embedding(4, 3, { paddingIdx: null, maxNorm: null, trainableRows: null, backend });
    using bag = new EmbeddingBag(4, 3, { paddingIdx: layer.paddingIdx, maxNorm: layer.maxNorm, backend });
    const { trainableRows } = layer.weight;
    using loaded = Embedding.fromPretrained(new Float32Array(12), {
      ...{ embeddingDim: 3, paddingIdx: bag.paddingIdx, maxNorm: bag.maxNorm, trainableRows, backend },
    });
    for (const each of [layer, bag, loaded]) expect([each.paddingIdx, each.maxNorm]).toEqual([null, null]);
    expect(loaded.weight.trainableRows).toBeNull();
  });
});

test("an option that is undefined is as if it were not there, to the compiler too", () => {
  const none = undefined;
  const table = { paddingIdx: none, maxNorm: none, normType: none, scaleGradByFreq: none, sparse: none };
  const drawn = { init: none, generator: none, backend: none };
  using layer = new Embedding(4, 3, { ...table, ...drawn, trainableRows: none });
  using bag = new EmbeddingBag(4, 3, { ...table, ...drawn, mode: none, includeLastOffset: none });
  using input = new TokenPositionEmbedding(4, 4, 3, { ...table, ...drawn, positions: none });
  using linear = new Linear(4, 3, { bias: none, generator: none, backend: none });
  using head = new Unembedding(layer.weight, { bias: none });
  expect([layer.maxNorm, bag.mode, input.contextLength, linear.bias?.shape[0], head.bias]).toEqual([
    ...[null, "mean", 4, 3, null],
  ]);
  const rows = { offsets: none, bagSize: none, perSampleWeights: none };
  expect(bag.forward({ indices: [[0, 1]], ...rows })).toHaveLength(3);
  expect(input.forward([0, 1], { sequenceLength: none, start: none })).toHaveLength(6);
  const mean = { reduction: none, gradients: none };
  head.loss(new Float32Array(3), [1], { ...mean, ignoreIndex: none, labelSmoothing: none, classWeights: none });
  head.sampledLoss(new Float32Array(3), [1], [2], { ...mean, sparse: none });
  expect(new AliasSampler([1, 2], { power: none }).size).toBe(2);
  const product = { m: 1, n: 1, k: 1, transposeA: none, transposeB: none, out: none, backend: none };
  expect([...matmul(Float32Array.of(2), Float32Array.of(3), product)]).toEqual([6]);
});

test("an option that a group says is undefined is the optimizer's", () => {
  using layer = new Embedding(4, 3);
  const optimizer = new SGD([{ parameters: [layer.weight], lr: undefined, momentum: 0.5 }], { lr: 0.25 });
  expect(optimizer.options).toMatchObject({ lr: 0.25, momentum: 0.5, dampening: 0 });
});
