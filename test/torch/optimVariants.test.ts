import { expect, test } from "vitest";
import { Embedding } from "../../src/index.js";
import {
  Adam,
  type AdamOptions,
  clipGradNorm,
  type ParameterGroup,
  RowwiseAdagrad,
  type RowwiseAdagradOptions,
  SGD,
  SparseAdam,
} from "../../src/optim/index.js";
import { onEveryImplementation } from "../conformance/implementations.js";
import { differingBits, differingValues, none, openVectors } from "./vectors.js";

const vectors = openVectors("optim");

onEveryImplementation(({ name: backend }) => {
  /** A table whose rows are those of a vector. */
  const tableOf = (name: string): Embedding =>
    Embedding.fromPretrained(vectors.floats(name), { embeddingDim: vectors.shape(name)[1], freeze: false, backend });

  /** Makes step `step` of a (steps, rows, columns) vector the gradient. */
  function setGrad(layer: Embedding, name: string, step: number): void {
    const { numEmbeddings, embeddingDim, weight } = layer;
    const size = numEmbeddings * embeddingDim;
    weight.zeroGrad();
    const rows = Uint32Array.from({ length: numEmbeddings }, (_, row) => row);
    layer.backward(rows, vectors.floats(name).slice(step * size, (step + 1) * size));
  }

  /** The weights after each step. */
  function stepAll(layer: Embedding, grads: string, optimizer: { step(): void }): Float32Array {
    const [steps] = vectors.shape(grads);
    const after = new Float32Array(steps * layer.weight.data.length);
    for (let step = 0; step < steps; step++) {
      setGrad(layer, grads, step);
      optimizer.step();
      after.set(layer.weight.data, step * layer.weight.data.length);
    }
    return after;
  }

  test.each([
    ["dampening", { lr: 0.1, momentum: 0.9, dampening: 0.3, weightDecay: 0.02 }],
    ["nesterov", { lr: 0.1, momentum: 0.8, nesterov: true, weightDecay: 0.02 }],
  ])("SGD with %s, to 1e-6", (name, options) => {
    using layer = tableOf("sgd.start");
    using optimizer = new SGD([layer.weight], options);
    const expected = vectors.floats(`sgd.${name}`);
    expect(differingValues(stepAll(layer, "sgd.grads", optimizer), expected, 1e-6)).toEqual(none(expected));
  });

  test("Adam with groups, to 1e-6", () => {
    using first = tableOf("groups.0.start");
    using second = tableOf("groups.1.start");
    const groups: ParameterGroup<AdamOptions>[] = [
      { parameters: [first.weight], lr: 0.1, betas: [0.5, 0.9] },
      { parameters: [second.weight] },
    ];
    using optimizer = new Adam(groups, { lr: 0.01, weightDecay: 0.1 });
    const [steps] = vectors.shape("groups.0.grads");
    const after: number[][] = [[], []];
    for (let step = 0; step < steps; step++) {
      [first, second].forEach((layer, which) => {
        setGrad(layer, `groups.${which}.grads`, step);
      });
      optimizer.step();
      [first, second].forEach((layer, which) => {
        after[which].push(...layer.weight.data);
      });
    }
    for (const which of [0, 1]) {
      const expected = vectors.floats(`groups.${which}`);
      expect(differingValues(Float32Array.from(after[which]), expected, 1e-6)).toEqual(none(expected));
    }
  });

  test("SparseAdam, forty steps and what it remembers, bit for bit", () => {
    const [steps, count] = vectors.shape("sparseAdam.indices");
    const [rows, embeddingDim] = vectors.shape("sparseAdam.start");
    const options = { embeddingDim, freeze: false, sparse: true, backend };
    using layer = Embedding.fromPretrained(vectors.floats("sparseAdam.start"), options);
    using optimizer = new SparseAdam([layer.weight], { lr: 0.03, betas: [0.85, 0.995], eps: 1e-7 });
    for (let step = 0; step < steps; step++) {
      optimizer.zeroGrad();
      layer.backward(
        vectors.int64("sparseAdam.indices").slice(step * count, (step + 1) * count),
        vectors.floats("sparseAdam.gradOut").slice(step * count * embeddingDim, (step + 1) * count * embeddingDim),
      );
      optimizer.step();
    }
    const { step, expAvg, expAvgSq } = optimizer.stateDict().parameters[0]!;
    expect(step).toBe(steps);
    const same = none({ length: rows * embeddingDim });
    expect(differingBits(layer.weight.data, vectors.floats("sparseAdam"))).toEqual(same);
    expect(differingBits(expAvg as Float32Array, vectors.floats("sparseAdam.expAvg"))).toEqual(same);
    expect(differingBits(expAvgSq as Float32Array, vectors.floats("sparseAdam.expAvgSq"))).toEqual(same);
  });

  test.each<[string, RowwiseAdagradOptions]>([
    ["none", {}],
    ["L2", { weightDecay: 0.05 }],
    ["decoupled", { weightDecay: 0.05, weightDecayMode: "decoupled" }],
  ])("rowwise Adagrad, decay %s, to 1e-6", (name, options) => {
    using layer = tableOf("rowwise.start");
    const all = { lr: 0.1, eps: 1e-4, initialAccumulatorValue: 0.25, ...options };
    using optimizer = new RowwiseAdagrad([layer.weight], all);
    const expected = vectors.floats(`rowwise.${name}`);
    expect(differingValues(stepAll(layer, "rowwise.grads", optimizer), expected, 1e-6)).toEqual(none(expected));
  });

  test.each([
    ["2", 2],
    ["1", 1],
    ["3", 3],
    ["half", 0.5],
    ["inf", Number.POSITIVE_INFINITY],
  ])("clipGradNorm of type %s, over a dense and a sparse gradient, to 1e-6", (name, normType) => {
    for (const [bound, maxNorm] of [
      ["small", 0.75],
      ["large", 1e6],
    ] as const) {
      const columns = vectors.shape("clip.dense")[1];
      using dense = new Embedding(5, columns, { backend });
      using sparse = new Embedding(9, columns, { backend, sparse: true });
      dense.backward([0, 1, 2, 3, 4], vectors.floats("clip.dense"));
      sparse.backward(vectors.int64("clip.sparse.rows"), vectors.floats("clip.sparse.values"));
      const total = clipGradNorm([dense.weight, sparse.weight], maxNorm, normType);
      const expected = ["total", "dense", "sparse"].map((each) => vectors.floats(`clip.${name}.${bound}.${each}`));
      const actual = [Float32Array.of(total), dense.weight.grad!.values, sparse.weight.grad!.values];
      actual.forEach((values, i) => {
        expect(differingValues(values, expected[i], 1e-6)).toEqual(none(expected[i]));
      });
    }
  });
});
