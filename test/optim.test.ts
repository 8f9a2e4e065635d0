import { describe, expect, test } from "vitest";
import { Embedding } from "../src/layers/embedding.js";
import { Linear } from "../src/layers/linear.js";
import { Unembedding } from "../src/layers/unembedding.js";
import { Adagrad } from "../src/optim/adagrad.js";
import type { Optimizer } from "../src/optim/optimizer.js";
import { SGD } from "../src/optim/sgd.js";
import type { Parameter } from "../src/parameter.js";
import { Generator } from "../src/random/generator.js";
import { bitsOf, expectSameBits } from "./conformance/bits.js";
import { filled, Random } from "./conformance/cases.js";
import { onEveryImplementation } from "./conformance/implementations.js";
import { any, refusalOf } from "./refusals.js";

const f = Math.fround;
const [numEmbeddings, dim] = [40, 8];
const start = filled(new Random(1), numEmbeddings * dim, "special");

interface Case {
  readonly name: string;
  make(parameters: Parameter[]): Optimizer;
  /** One element's step as the documentation states it; s is what is remembered of the element. */
  law(w: number, g: number, s: number, step: number): { w: number; s: number };
  readonly remembered: number;
}

const cases: Case[] = [
  {
    name: "SGD",
    make: (parameters) => new SGD(parameters, { lr: 0.1 }),
    law: (w, g, s) => ({ w: f(w - f(f(0.1) * g)), s }),
    remembered: 0,
  },
  {
    name: "Adagrad",
    make: (parameters) => new Adagrad(parameters, { lr: 0.1, lrDecay: 0.5, initialAccumulatorValue: 0.25, eps: 1e-6 }),
    law: (w, g, s, step) => {
      const sum = f(s + f(g * g));
      const lr = f(0.1 / (1 + (step - 1) * 0.5));
      return { w: f(w - f(f(lr * g) / f(f(Math.sqrt(sum)) + f(1e-6)))), s: sum };
    },
    remembered: 0.25,
  },
];

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

  describe.each(cases)("$name", ({ make, law, remembered }) => {
    test("each step is the documented one, each operation rounded", () => {
      using layer = table();
      const optimizer = make([layer.weight]);
      const expected = start.slice();
      const sums = new Float32Array(start.length).fill(remembered);
      batches.forEach(({ indices, gradOut }, b) => {
        layer.backward(indices, gradOut);
        const grad = layer.weight.grad!.toDense();
        for (let at = 0; at < expected.length; at++) {
          const { w, s } = law(expected[at], grad[at], sums[at], b + 1);
          expected[at] = w;
          sums[at] = s;
        }
        optimizer.step();
        expectSameBits(layer.weight.data, expected, `step ${b + 1}`);
        optimizer.zeroGrad();
      });
    });

    test("a sparse gradient moves its rows as a dense one does, and no other row's bits", () => {
      using dense = table();
      using sparse = table(true);
      train(dense, make([dense.weight]));
      train(sparse, make([sparse.weight]));
      const touched = sparse.weight.data.slice(0, 20 * dim);
      expectSameBits(touched, dense.weight.data.slice(0, 20 * dim), "touched rows");
      expect(bitsOf(sparse.weight.data.slice(20 * dim))).toEqual(bitsOf(start.slice(20 * dim)));
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

    test("a refused state changes nothing", () => {
      using layer = table(true);
      const optimizer = make([layer.weight]);
      train(layer, optimizer);
      const state = optimizer.stateDict();
      const wrong = [
        [null, "state is null, expected one of 1 parameters"],
        [{ ...state, parameters: [] }, "state is an instance of Object, expected one of 1 parameters"],
        [{ ...state, parameters: [{}] }, "state.parameters[0].step is undefined, expected an integer >= 0"],
        [
          { ...state, options: { ...state.options, lr: "1" } },
          'state.options.lr is "1", expected a finite number >= 0',
        ],
        [{ parameters: state.parameters }, "state.options.lr is undefined, expected a finite number >= 0"],
      ];
      for (const [bad, message] of wrong) {
        expect(refusalOf(() => optimizer.loadStateDict(any(bad)))).toBe(`TypeError [ERR_INVALID_ARG_TYPE]: ${message}`);
        expect(optimizer.stateDict()).toEqual(state);
      }
    });
  });

  test.each([
    ["SGD", (parameters: Parameter[]) => new SGD(parameters, { lr: 0.2 })],
    ["Adagrad", (parameters: Parameter[]) => new Adagrad(parameters, { lr: 0.1 })],
  ])("%s makes the loss of a small tied language model fall, by the same bits on every backend", (_, make) => {
    const losses = ["js", backend].map((each) => trainLanguageModel(each, make));
    expect(losses[1]).toEqual(losses[0]);
    expect(losses[0].at(-1)!).toBeLessThan(losses[0][0] / 4);
  });

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

describe("refusals", () => {
  using layer = new Embedding(2, 2, { backend: "js" });
  const { weight } = layer;
  const type = "TypeError [ERR_INVALID_ARG_TYPE]";
  const range = "RangeError [ERR_OUT_OF_RANGE]";
  const refusals: Record<string, () => unknown> = {
    [`${type}: parameters is undefined, expected an array of Parameters`]: () => new SGD(any(undefined)),
    [`${type}: parameters[1] is Float32Array(2), expected a Parameter`]: () =>
      new SGD(any([weight, new Float32Array(2)])),
    [`${type}: parameters[1] is parameters[0] again, expected each once`]: () => new SGD([weight, weight]),
    [`${type}: options has "momentum", expected only lr`]: () => new SGD([weight], any({ momentum: 0.9 })),
    [`${range}: lr is NaN, expected a finite number >= 0`]: () => new SGD([weight], { lr: Number.NaN }),
    [`${range}: lr is Infinity, expected a finite number >= 0`]: () =>
      new Adagrad([weight], { lr: Number.POSITIVE_INFINITY }),
    [`${range}: lrDecay is -1, expected a finite number >= 0`]: () => new Adagrad([weight], { lrDecay: -1 }),
    [`${range}: eps is -1e-10, expected a finite number >= 0`]: () => new Adagrad([weight], { eps: -1e-10 }),
    [`${range}: initialAccumulatorValue is -1, expected a finite number >= 0`]: () =>
      new Adagrad([weight], { initialAccumulatorValue: -1 }),
    [`${type}: state.parameters[0].sum is Float32Array(3), expected a Float32Array(4)`]: () =>
      new Adagrad([weight]).loadStateDict(
        any({ options: new Adagrad([]).options, parameters: [{ step: 1, sum: new Float32Array(3) }] }),
      ),
    [`${type}: state.parameters[0].sum is Array(4), expected a Float32Array(4)`]: () =>
      new Adagrad([weight]).loadStateDict(
        any({ options: new Adagrad([]).options, parameters: [{ step: 1, sum: [1, 2, 3, 4] }] }),
      ),
    [`${type}: state.parameters[0] is 7, expected an object or null`]: () =>
      new SGD([weight]).loadStateDict(any({ options: { lr: 1 }, parameters: [7] })),
    [`${range}: state.parameters[0].step is -1, expected an integer >= 0`]: () =>
      new SGD([weight]).loadStateDict(any({ options: { lr: 1 }, parameters: [{ step: -1 }] })),
  };
  test.each(Object.entries(refusals))("%s", (refusal, call) => expect(refusalOf(call)).toBe(refusal));
});
