import { describe, expect, test } from "vitest";
import { Embedding } from "../src/layers/embedding.js";
import { Adagrad } from "../src/optim/adagrad.js";
import { Adam } from "../src/optim/adam.js";
import { AdamW } from "../src/optim/adamW.js";
import { clipGradNorm } from "../src/optim/clipGradNorm.js";
import { RowwiseAdagrad } from "../src/optim/rowwiseAdagrad.js";
import { SGD } from "../src/optim/sgd.js";
import { SparseAdam } from "../src/optim/sparseAdam.js";
import { expectSameBits } from "./conformance/bits.js";
import { onEveryImplementation } from "./conformance/implementations.js";
import { any, refusalOf } from "./refusals.js";

const type = "TypeError [ERR_INVALID_ARG_TYPE]";
const range = "RangeError [ERR_OUT_OF_RANGE]";
const atLeastZero = "expected a finite number >= 0";

onEveryImplementation(({ name: backend }) => {
  const layer = new Embedding(2, 2, { backend });
  const other = new Embedding(2, 2, { backend });
  const { weight } = layer;

  describe("when made", () => {
    const refusals: Record<string, () => unknown> = {
      [`${type}: parameters is undefined, expected an array of Parameters`]: () => new SGD(any(undefined)),
      [`${type}: parameters[1] is Float32Array(2), expected a Parameter`]: () =>
        new SGD(any([weight, new Float32Array(2)])),
      [`${type}: parameters[1] is parameters[0] again, expected each once`]: () => new SGD([weight, weight]),
      [`${type}: options has "momentums", expected only lr, momentum, dampening, nesterov, weightDecay`]: () =>
        new SGD([weight], any({ momentums: 0.9 })),
      [`${type}: options has "amsgrad", expected only lr, betas, eps, weightDecay`]: () =>
        new Adam([weight], any({ amsgrad: true })),
      [`${type}: options has "weightDecay", expected only lr, betas, eps`]: () =>
        new SparseAdam([weight], any({ weightDecay: 0.1 })),
      [`${type}: options is null, expected an object`]: () => new Adam([weight], any(null)),
      [`${range}: lr is NaN, ${atLeastZero}`]: () => new SGD([weight], { lr: Number.NaN }),
      [`${range}: lr is -1, ${atLeastZero}`]: () => new SparseAdam([weight], { lr: -1 }),
      [`${type}: lr is "1", ${atLeastZero}`]: () => new AdamW([weight], { lr: any("1") }),
      [`${range}: lr is Infinity, ${atLeastZero}`]: () => new Adagrad([weight], { lr: Number.POSITIVE_INFINITY }),
      [`${range}: lrDecay is -1, ${atLeastZero}`]: () => new Adagrad([weight], { lrDecay: -1 }),
      [`${range}: eps is -1e-10, ${atLeastZero}`]: () => new Adagrad([weight], { eps: -1e-10 }),
      [`${range}: initialAccumulatorValue is -1, ${atLeastZero}`]: () =>
        new RowwiseAdagrad([weight], { initialAccumulatorValue: -1 }),
      [`${range}: weightDecay is -0.5, ${atLeastZero}`]: () => new Adam([weight], { weightDecay: -0.5 }),
      [`${range}: weightDecayMode is "l2", expected "L2" or "decoupled"`]: () =>
        new RowwiseAdagrad([weight], { weightDecayMode: any("l2") }),
      [`${type}: betas is 0.9, expected an array of two numbers`]: () => new Adam([weight], { betas: any(0.9) }),
      [`${type}: betas is Array(3), expected an array of two numbers`]: () =>
        new Adam([weight], { betas: any([0.9, 0.9, 0.9]) }),
      [`${range}: betas[0] is 1, expected a number in [0, 1)`]: () => new AdamW([weight], { betas: [1, 0.9] }),
      [`${range}: betas[1] is -0.1, expected a number in [0, 1)`]: () => new SparseAdam([weight], { betas: [0, -0.1] }),
      [`${type}: betas[1] is undefined, expected a number in [0, 1)`]: () =>
        new Adam([weight], { betas: any([0.9, undefined]) }),
      [`${type}: nesterov is 1, expected true or false`]: () => new SGD([weight], { nesterov: any(1) }),
      [`${range}: nesterov is true, expected false with a momentum of 0`]: () => new SGD([weight], { nesterov: true }),
      [`${range}: nesterov is true, expected false with a dampening of 0.5`]: () =>
        new SGD([weight], { momentum: 0.9, nesterov: true, dampening: 0.5 }),
      [`${type}: parameters[0] has "lrs", expected only parameters, lr, betas, eps, weightDecay`]: () =>
        new Adam([any({ parameters: [weight], lrs: 1 })]),
      [`${range}: parameters[1].lr is -1, ${atLeastZero}`]: () =>
        new Adam([{ parameters: [weight] }, { parameters: [other.weight], lr: -1 }]),
      [`${type}: parameters[0].parameters is 7, expected an array of Parameters`]: () =>
        new Adam([any({ parameters: 7 })]),
      [`${type}: parameters[0].parameters[1] is null, expected a Parameter`]: () =>
        new Adam([any({ parameters: [weight, null] })]),
      [`${type}: parameters[1].parameters[0] is parameters[0].parameters[0] again, expected each once`]: () =>
        new Adam([{ parameters: [weight] }, { parameters: [weight] }]),
      [`${type}: parameters[1] is an instance of Parameter, expected a group as parameters[0] is one`]: () =>
        new Adam(any([{ parameters: [weight] }, other.weight])),
      [`${range}: maxNorm is -1, ${atLeastZero}`]: () => clipGradNorm([weight], -1),
      [`${range}: normType is 0, expected a number > 0, or Infinity`]: () => clipGradNorm([weight], 1, 0),
      [`${range}: normType is NaN, expected a number > 0, or Infinity`]: () => clipGradNorm([weight], 1, Number.NaN),
      [`${type}: parameters is an instance of Parameter, expected an array of Parameters`]: () =>
        clipGradNorm(any(weight), 1),
    };
    test.each(Object.entries(refusals))("%s", (refusal, call) => expect(refusalOf(call)).toBe(refusal));
  });

  test("an impossible option set between steps is told, and nothing moves", () => {
    using first = new Embedding(2, 2, { backend });
    using second = new Embedding(2, 2, { backend });
    using optimizer = new Adam([{ parameters: [first.weight] }, { parameters: [second.weight] }]);
    for (const each of [first, second]) each.backward([0], new Float32Array(2).fill(1));
    const before = [first, second].map((each) => each.weight.data.slice());
    optimizer.groups[1].options.lr = Number.NaN;
    expect(refusalOf(() => optimizer.step())).toBe(`${range}: groups[1].options.lr is NaN, ${atLeastZero}`);
    [first, second].forEach((each, i) => {
      expectSameBits(each.weight.data, before[i], `table ${i}`);
    });
    expect(optimizer.stateDict().parameters).toEqual([null, null]);
  });

  test("momentum may come and go between steps, and every state on the way can be loaded", () => {
    using table = new Embedding(3, 2, { backend });
    using optimizer = new SGD([table.weight], { momentum: 0.9 });
    table.backward([0], new Float32Array(2).fill(1));
    for (const momentum of [0.9, 0, 0, 0.5]) {
      optimizer.options.momentum = momentum;
      for (const when of ["before", "after"]) {
        using next = new SGD([table.weight], {});
        next.loadStateDict(optimizer.stateDict());
        expect(next.stateDict(), `${when} the step with ${momentum}`).toEqual(optimizer.stateDict());
        if (when === "before") optimizer.step();
      }
    }
  });

  test("after dispose of one parameter no other moves", () => {
    using kept = new Embedding(2, 2, { backend });
    const gone = new Embedding(2, 2, { backend });
    kept.backward([0], new Float32Array(2).fill(1));
    const before = kept.weight.data.slice();
    const optimizer = new SGD([kept.weight, gone.weight]);
    gone.dispose();
    for (const call of [() => optimizer.step(), () => clipGradNorm([kept.weight, gone.weight], 0.1)]) {
      expect(refusalOf(call)).toBe("TypeError [ERR_DISPOSED]: weight is disposed, expected one in use");
    }
    expectSameBits(kept.weight.data, before, "kept");
    expect(kept.weight.grad!.toDense().slice(0, 2)).toEqual(new Float32Array(2).fill(1));
  });

  test("a foreign state is told, and nothing changes", () => {
    using table = new Embedding(3, 2, { backend });
    using optimizer = new Adam([table.weight]);
    table.backward([0], new Float32Array(2).fill(1));
    optimizer.step();
    const state = optimizer.stateDict();
    const [own] = state.parameters;
    const options = (some: object) => ({ ...state, groups: [{ ...state.groups[0], options: some }] });
    const entry = (some: unknown) => ({ ...state, parameters: [some] });
    const name = "state.parameters[0]";
    const wrong: [unknown, string][] = [
      [null, `${type}: state is null, expected one of 1 parameters`],
      [undefined, `${type}: state is undefined, expected one of 1 parameters`],
      [{ ...state, parameters: [] }, `${type}: state is an instance of Object, expected one of 1 parameters`],
      [{ ...state, groups: 3 }, `${type}: state is an instance of Object, expected one of 1 parameters`],
      [{ ...state, groups: [] }, `${type}: state.groups has none, expected groups of 1 parameters`],
      [
        { ...state, groups: [{ options: {}, parameters: [0, 1] }] },
        `${type}: state.groups has 2, expected groups of 1 parameters`,
      ],
      [options({}), `${type}: state.groups[0].options.lr is undefined, ${atLeastZero}`],
      [
        options({ ...state.groups[0].options, momentum: 0 }),
        `${type}: state.groups[0].options has "momentum", expected only lr, betas, eps, weightDecay`,
      ],
      [options({ ...state.groups[0].options, lr: -1 }), `${range}: state.groups[0].options.lr is -1, ${atLeastZero}`],
      [entry({}), `${type}: ${name}.step is undefined, expected a positive integer`],
      [entry({ ...own, step: -1 }), `${range}: ${name}.step is -1, expected a positive integer`],
      [entry(7), `${type}: ${name} is 7, expected an object or null`],
      [entry({ ...own, sum: own!.expAvg }), `${type}: ${name} has "sum", expected only step, expAvg, expAvgSq`],
      [entry({ step: 1 }), `${type}: ${name}.expAvg is undefined, expected a Float32Array(6)`],
      [
        entry({ ...own, expAvgSq: new Float32Array(5) }),
        `${type}: ${name}.expAvgSq is Float32Array(5), expected a Float32Array(6)`,
      ],
      [
        entry({ ...own, expAvg: [1, 2, 3, 4, 5, 6] }),
        `${type}: ${name}.expAvg is Array(6), expected a Float32Array(6)`,
      ],
    ];
    for (const [bad, refusal] of wrong) {
      expect(refusalOf(() => optimizer.loadStateDict(any(bad)))).toBe(refusal);
      expect(optimizer.stateDict()).toEqual(state);
    }
    using momentum = new SGD([table.weight]);
    expect(refusalOf(() => momentum.loadStateDict(any(state)))).toBe(
      `${type}: state.groups[0].options has "betas", expected only lr, momentum, dampening, nesterov, weightDecay`,
    );
  });
});
