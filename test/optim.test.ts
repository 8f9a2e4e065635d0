import { describe, expect, test } from "vitest";
import { Embedding } from "../src/layers/embedding.js";
import { Linear } from "../src/layers/linear.js";
import { Unembedding } from "../src/layers/unembedding.js";
import type { Optimizer } from "../src/optim/optimizer.js";
import { SGD } from "../src/optim/sgd.js";
import type { Parameter } from "../src/parameter.js";
import { Generator } from "../src/random/generator.js";
import { bitsOf, expectSameBits } from "./conformance/bits.js";
import { filled, Random } from "./conformance/cases.js";
import { onEveryImplementation } from "./conformance/implementations.js";
import { cases } from "./optimCases.js";
import { refusalOf } from "./refusals.js";

const [numEmbeddings, dim] = [40, 11];
const start = filled(new Random(1), numEmbeddings * dim, "special");

/** Three batches that touch rows 0 to 19 only. */
const random = new Random(2);
const batches = Array.from({ length: 3 }, () => ({
  indices: Uint32Array.from({ length: 30 }, () => random.below(20)),
  gradOut: filled(random, 30 * dim),
}));

onEveryImplementation(({ name: backend }) => {
  const table = (sparse = false) =>
    Embedding.fromPretrained(start, { embeddingDim: dim, freeze: false, sparse, backend });

  function train(layer: Embedding, optimizer: Optimizer, some = batches): void {
    for (const { indices, gradOut } of some) {
      layer.backward(indices, gradOut);
      optimizer.step();
      optimizer.zeroGrad();
    }
  }

  describe.each(cases)("$name", ({ make, law, remembered, isLazy }) => {
    test.each([false, true])("each step is the documented one, each operation rounded; sparse: %s", (sparse) => {
      using layer = table(sparse);
      using optimizer = make([layer.weight]);
      const expected = start.slice();
      const [first, second] = remembered.map((value) => new Float32Array(start.length).fill(value));
      batches.forEach(({ indices, gradOut }, b) => {
        layer.backward(indices, gradOut);
        const grad = layer.weight.grad!.toDense();
        for (let row = 0; row < numEmbeddings; row++) {
          if (sparse && !indices.includes(row)) continue;
          const part = (values: Float32Array) => values.subarray(row * dim, (row + 1) * dim);
          law({ w: part(expected), g: part(grad), first: part(first), second: part(second), step: b + 1 });
        }
        optimizer.step();
        expectSameBits(layer.weight.data, expected, `step ${b + 1}`);
        optimizer.zeroGrad();
      });
    });

    test("a sparse gradient changes the bits of its rows only, in the table and in what is remembered", () => {
      using layer = table(true);
      using optimizer = make([layer.weight]);
      train(layer, optimizer);
      expect(bitsOf(layer.weight.data.slice(20 * dim))).toEqual(bitsOf(start.slice(20 * dim)));
      const { step, ...arrays } = optimizer.stateDict().parameters[0]!;
      expect(step).toBe(batches.length);
      for (const array of Object.values(arrays) as Float32Array[]) {
        const behind = array.slice(array.length / 2);
        expect(behind).toEqual(new Float32Array(behind.length).fill(remembered[0]));
      }
    });

    test.skipIf(!isLazy)("a sparse gradient moves its rows as a dense one does", () => {
      using dense = table();
      using sparse = table(true);
      train(dense, make([dense.weight]));
      train(sparse, make([sparse.weight]));
      const touched = sparse.weight.data.slice(0, 20 * dim);
      expectSameBits(touched, dense.weight.data.slice(0, 20 * dim), "touched rows");
    });

    test("goes on from its state as if it had never stopped", () => {
      using whole = table(true);
      train(whole, make([whole.weight]));

      using first = table(true);
      const before = make([first.weight]);
      train(first, before, batches.slice(0, 1));
      const state = before.stateDict();
      train(first, before, batches.slice(1, 2)); // the state taken before does not see this

      using second = table(true);
      train(second, make([second.weight]), batches.slice(0, 1));
      const after = make([second.weight]);
      after.options.lr = 5;
      after.loadStateDict(structuredClone(state));
      expect(after.stateDict()).toEqual(state);
      train(second, after, batches.slice(1));
      expectSameBits(second.weight.data, whole.weight.data, "table");
    });

    test("passes over what has no gradient and what is frozen; without a step there is no state", () => {
      using idle = table();
      using frozen = table();
      using moved = table();
      frozen.backward([0], new Float32Array(dim).fill(1));
      frozen.weight.requiresGrad = false;
      moved.backward([0], new Float32Array(dim).fill(1));
      const optimizer = make([idle.weight, frozen.weight, moved.weight]);
      optimizer.step();
      expectSameBits(idle.weight.data, start, "idle");
      expectSameBits(frozen.weight.data, start, "frozen");
      expect(optimizer.stateDict().parameters.map((state) => state?.step ?? null)).toEqual([null, null, 1]);
      optimizer.step();
      expect(moved.weight.grad, "gradients stay until zeroGrad").not.toBeNull();
      optimizer.zeroGrad();
      expect([frozen.weight.grad, moved.weight.grad]).toEqual([null, null]);
    });

    test("after dispose it steps no more; the table stays", () => {
      using layer = table();
      const optimizer = make([layer.weight]);
      train(layer, optimizer, batches.slice(0, 1));
      const { data } = layer.weight;
      const before = data.slice();
      optimizer.dispose();
      optimizer.dispose();
      layer.backward([0], new Float32Array(dim).fill(1));
      for (const call of [() => optimizer.step(), () => optimizer.stateDict(), () => optimizer.loadStateDict(null!)]) {
        expect(refusalOf(call)).toBe("TypeError [ERR_DISPOSED]: optimizer is disposed, expected one in use");
      }
      expectSameBits(layer.weight.data, before, "table");
    });

    test("rows that may not move do not, whatever the gradient", () => {
      // Every third row fixed are few enough stretches for a call each, every second row are not.
      for (const [sparse, period] of [
        [false, 3],
        [false, 2],
        [true, 3],
      ] as const) {
        const trainableRows = Uint8Array.from({ length: numEmbeddings }, (_, row) => (row % period === 1 ? 0 : 1));
        const options = { embeddingDim: dim, freeze: false, sparse, backend };
        using fixed = Embedding.fromPretrained(start, { ...options, trainableRows });
        using free = Embedding.fromPretrained(start, options);
        train(fixed, make([fixed.weight]));
        train(free, make([free.weight]));
        for (let row = 0; row < numEmbeddings; row++) {
          const expected = trainableRows[row] === 1 ? free.weight.data : start;
          const part = (values: Float32Array) => values.slice(row * dim, (row + 1) * dim);
          expectSameBits(part(fixed.weight.data), part(expected), `row ${row}, sparse ${sparse}`);
        }
      }
    });

    test("after a resize the rows that stayed go on, and new ones begin", () => {
      using layer = table();
      const optimizer = make([layer.weight]);
      train(layer, optimizer, batches.slice(0, 2));
      const before = optimizer.stateDict().parameters[0]!;
      layer.resize(7); // what is behind is forgotten, also when the rows come back before the next step
      layer.resize(50);
      const { step, ...arrays } = optimizer.stateDict().parameters[0]!;
      expect(step).toBe(2);
      for (const [name, array] of Object.entries(arrays) as [string, Float32Array][]) {
        const width = array.length / 50;
        expectSameBits(array.slice(0, 7 * width), (before[name] as Float32Array).slice(0, 7 * width), name);
        expect(array.slice(7 * width)).toEqual(new Float32Array(43 * width).fill(remembered[0]));
      }
      layer.backward([6, 49], filled(new Random(9), 2 * dim));
      optimizer.step();
      expect(optimizer.stateDict().parameters[0]!.step).toBe(3);
    });

    test("groups have options of their own, and go on from a state together", () => {
      const train2 = (layers: readonly [Embedding, Embedding], optimizer: Optimizer) => {
        for (const layer of layers) layer.backward([0, 3], new Float32Array(2 * dim).fill(0.5));
        optimizer.step();
        optimizer.zeroGrad();
      };
      using a = table();
      using b = table(true);
      using alone = table();
      using optimizer = make([{ parameters: [a.weight], lr: 0.7 }, { parameters: [b.weight] }]);
      using other = make([alone.weight]);
      other.options.lr = 0.7;
      train2([a, b], optimizer);
      train(alone, other, [{ indices: Uint32Array.of(0, 3), gradOut: new Float32Array(2 * dim).fill(0.5) }]);
      expectSameBits(a.weight.data, alone.weight.data, "the first group");

      const state = structuredClone(optimizer.stateDict());
      expect(state.groups.map(({ parameters, options }) => [parameters, options.lr])).toEqual([
        [[0], 0.7],
        [[1], optimizer.groups[1].options.lr],
      ]);
      using c = Embedding.fromPretrained(a.weight.data, { embeddingDim: dim, freeze: false, backend });
      using d = Embedding.fromPretrained(b.weight.data, { embeddingDim: dim, freeze: false, sparse: true, backend });
      using next = make([{ parameters: [c.weight] }, { parameters: [d.weight] }]);
      next.loadStateDict(state);
      train2([a, b], optimizer);
      train2([c, d], next);
      expectSameBits(c.weight.data, a.weight.data, "the first group");
      expectSameBits(d.weight.data, b.weight.data, "the second group");
    });
  });

  test.each(cases)(
    "$name makes the loss of a small tied language model fall, by the same bits on every backend",
    ({ make }) => {
      const losses = ["js", backend].map((each) => trainLanguageModel(each, make));
      expect(losses[1]).toEqual(losses[0]);
      expect(losses[0].at(-1)!).toBeLessThan(losses[0][0] / 2);
    },
  );

  test("after dispose of one parameter no other moves", () => {
    using kept = table();
    const gone = table();
    kept.backward([0], new Float32Array(dim).fill(1));
    const optimizer = new SGD([kept.weight, gone.weight]);
    gone.dispose();
    expect(refusalOf(() => optimizer.step())).toContain("ERR_DISPOSED");
    expectSameBits(kept.weight.data, start, "kept");
  });
});

/** Learns which of 40 words follows which, and returns the losses on the way. */
function trainLanguageModel(backend: string, make: (parameters: Parameter[]) => Optimizer): number[] {
  const generator = new Generator(3);
  using tokens = new Embedding(40, 16, { backend, generator });
  using linear = new Linear(16, 16, { backend, generator });
  using head = new Unembedding(tokens.weight, { bias: true });
  const optimizer = make([tokens.weight, linear.weight, linear.bias!, head.bias!]);
  const inputs = Uint32Array.from({ length: 40 }, (_, i) => i);
  const targets = inputs.map((i) => (i * 3 + 1) % 40);
  return Array.from({ length: 60 }, () => {
    const embedded = tokens.forward(inputs);
    const { loss, gradHidden } = head.loss(linear.forward(embedded), targets);
    tokens.backward(inputs, linear.backward(embedded, gradHidden!));
    optimizer.step();
    optimizer.zeroGrad();
    return loss;
  });
}

test("SGD: reading the state forgets nothing, and a momentum that begins later begins on both sides", () => {
  const options = { embeddingDim: 2, freeze: false, backend: "js" };
  using first = Embedding.fromPretrained(Float32Array.of(1, 2, 3, 4), options);
  using second = Embedding.fromPretrained(Float32Array.of(1, 2, 3, 4), options);
  using left = new SGD([first.weight], { lr: 1 });
  using right = new SGD([second.weight], { lr: 1 });
  const step = (layer: Embedding, optimizer: SGD) => {
    layer.backward([0, 1], Float32Array.of(1, 2, 3, 4));
    optimizer.step();
    optimizer.zeroGrad();
  };
  step(first, left);
  Object.assign(left.options, { momentum: 0.9, dampening: 0.5 });
  right.loadStateDict(left.stateDict());
  second.weight.data.set(first.weight.data);
  step(first, left);
  step(second, right);
  expectSameBits(second.weight.data, first.weight.data, "momentum begun after the state was read");

  Object.assign(left.options, { momentum: 0, dampening: 0 });
  left.stateDict();
  Object.assign(left.options, { momentum: 0.9, dampening: 0.5 });
  Object.assign(right.options, { momentum: 0.9, dampening: 0.5 });
  step(first, left);
  step(second, right);
  expectSameBits(second.weight.data, first.weight.data, "a state read while momentum was off");
});
