import { expect, test } from "vitest";
import { Embedding, type Parameter } from "../../src/index.js";
import { Adagrad, SGD } from "../../src/optim/index.js";
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

onEveryImplementation(({ name: backend }) => {
  // PyTorch fuses the multiplication and the addition of a step (SGD also adds each entry of an uncoalesced sparse
  // gradient by itself): ours rounds both, the same on every backend, and agrees to 1e-6 of the largest weight.
  test.each<[string, boolean, (weight: Parameter) => Steps]>([
    ["sgd.dense", false, (weight) => new SGD([weight], { lr: 0.1 })],
    ["sgd.sparse", true, (weight) => new SGD([weight], { lr: 0.1 })],
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
});
