import { expect, test } from "vitest";
import { Embedding, type Parameter } from "../../src/index.js";
import { Adagrad, Adam, AdamW, SGD, SparseAdam } from "../../src/optim/index.js";
import { onEveryImplementation } from "../conformance/implementations.js";
import { differingBits, differingValues, none, openVectors } from "./vectors.js";

const vectors = openVectors("optimizers");
const [steps, count] = vectors.shape("indices");
const [rows, columns] = vectors.shape("start");

interface Steps {
  step(): void;
  zeroGrad(): void;
}

/** The weights after each step: steps x rows x columns. */
function train(backend: string, sparse: boolean, make: (weight: Parameter) => Steps): Float32Array {
  const indices = vectors.int64("indices");
  const gradOut = vectors.floats("gradOut");
  const options = { embeddingDim: columns, freeze: false, sparse, backend };
  using layer = Embedding.fromPretrained(vectors.floats("start"), options);
  const optimizer = make(layer.weight);
  const after = new Float32Array(steps * rows * columns);
  for (let step = 0; step < steps; step++) {
    optimizer.zeroGrad();
    layer.backward(
      indices.subarray(step * count, (step + 1) * count),
      gradOut.subarray(step * count * columns, (step + 1) * count * columns),
    );
    optimizer.step();
    after.set(layer.weight.data, step * rows * columns);
  }
  return after;
}

const all = { lr: 0.1, lrDecay: 0.05, eps: 1e-3, initialAccumulatorValue: 0.2 };
const adam = { lr: 0.05, betas: [0.8, 0.9] as const, eps: 1e-4 };

onEveryImplementation(({ name: backend }) => {
  // PyTorch fuses the multiplication and the addition of a step (SGD also adds each entry of an uncoalesced sparse
  // gradient by itself): ours rounds both, the same on every backend, and agrees to 1e-6 of the largest weight.
  test.each<[string, boolean, (weight: Parameter) => Steps]>([
    ["sgd.dense", false, (weight) => new SGD([weight], { lr: 0.1 })],
    ["sgd.sparse", true, (weight) => new SGD([weight], { lr: 0.1 })],
    ["sgd.dense.weightDecay", false, (weight) => new SGD([weight], { lr: 0.1, weightDecay: 0.01 })],
    ["sgd.dense.momentum", false, (weight) => new SGD([weight], { lr: 0.1, momentum: 0.9 })],
    ["adagrad.dense.weightDecay", false, (weight) => new Adagrad([weight], { lr: 0.1, weightDecay: 0.01 })],
    ["adam", false, (weight) => new Adam([weight], { lr: 0.05 })],
    ["adam.all", false, (weight) => new Adam([weight], { ...adam, weightDecay: 0.01 })],
    ["adamW", false, (weight) => new AdamW([weight], { lr: 0.05 })],
    ["adamW.all", false, (weight) => new AdamW([weight], { ...adam, weightDecay: 0.1 })],
    ["adagrad.dense", false, (weight) => new Adagrad([weight], { lr: 0.1 })],
    ["adagrad.dense.all", false, (weight) => new Adagrad([weight], all)],
    ["adagrad.sparse", true, (weight) => new Adagrad([weight], { lr: 0.1 })],
    ["adagrad.sparse.all", true, (weight) => new Adagrad([weight], all)],
  ])("%s: six steps, to 1e-6", (name, sparse, make) => {
    const expected = vectors.floats(name);
    const after = train(backend, sparse, make);
    expect(differingValues(after, expected, 1e-6)).toEqual(none(expected));
    const start = vectors.floats("start");
    expect(differingBits(after.slice(-start.length), start).differing).toBeGreaterThan(0);
  });

  // No FMA in PyTorch's here.
  test.each<[string, (weight: Parameter) => Steps]>([
    ["sparseAdam", (weight) => new SparseAdam([weight], { lr: 0.05 })],
    ["sparseAdam.all", (weight) => new SparseAdam([weight], adam)],
  ])("%s: six steps, bit for bit", (name, make) => {
    const expected = vectors.floats(name);
    expect(differingBits(train(backend, true, make), expected)).toEqual(none(expected));
  });
});
