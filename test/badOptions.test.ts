import { describe, expect, test } from "vitest";
import { Embedding } from "../src/layers/embedding.js";
import { Linear } from "../src/layers/linear.js";
import { matmul } from "../src/layers/matmul.js";
import { oneHot } from "../src/layers/oneHot.js";
import { Unembedding } from "../src/layers/unembedding.js";
import { Adagrad } from "../src/optim/adagrad.js";
import { SGD } from "../src/optim/sgd.js";
import { manualSeed } from "../src/random/generator.js";
import { onEveryImplementation } from "./conformance/implementations.js";
import { any, detached, refusalOf, shrunk } from "./refusals.js";

/** What is refused, by the words of the refusal: the same on every backend. */
onEveryImplementation(({ name: backend }) => {
  describe("sizes and options", () => {
    const positive = "expected a positive integer";
    const cases: Record<string, () => unknown> = {
      "RangeError [ERR_OUT_OF_RANGE]: numEmbeddings is 0, expected an integer in [1, 2147483647]": () =>
        new Embedding(0, 3, { backend }),
      "RangeError [ERR_OUT_OF_RANGE]: numEmbeddings is 2147483648, expected an integer in [1, 2147483647]": () =>
        new Embedding(2 ** 31, 1, { backend }),
      'TypeError [ERR_INVALID_ARG_TYPE]: numEmbeddings is "6", expected an integer in [1, 2147483647]': () =>
        new Embedding(any("6"), 3, { backend }),
      [`RangeError [ERR_OUT_OF_RANGE]: embeddingDim is -1, ${positive}`]: () => new Embedding(3, -1, { backend }),
      [`RangeError [ERR_OUT_OF_RANGE]: embeddingDim is 2.5, ${positive}`]: () => new Embedding(3, 2.5, { backend }),
      [`RangeError [ERR_OUT_OF_RANGE]: inFeatures is NaN, ${positive}`]: () => new Linear(Number.NaN, 1, { backend }),
      "RangeError [ERR_OUT_OF_MEMORY]: weight is 2147483647 x 1073741824 floats, expected fewer than 2^53 bytes": () =>
        new Embedding(2 ** 31 - 1, 2 ** 30, { backend }),
      "RangeError [ERR_OUT_OF_MEMORY]: weight is 2147483647 x 1048576 floats, expected what its backend can allocate":
        () => new Embedding(2 ** 31 - 1, 2 ** 20, { backend }),
      'TypeError [ERR_INVALID_ARG_TYPE]: options has "padingIdx", expected only paddingIdx, maxNorm, normType, scaleGradByFreq, sparse, trainableRows, init, generator, backend':
        () => new Embedding(3, 2, any({ padingIdx: 1 })),
      "TypeError [ERR_INVALID_ARG_TYPE]: options is null, expected an object": () => new Embedding(3, 2, any(null)),
      "RangeError [ERR_OUT_OF_RANGE]: paddingIdx is 3, expected an integer in [-3, 2]": () =>
        new Embedding(3, 2, { paddingIdx: 3, backend }),
      "RangeError [ERR_OUT_OF_RANGE]: paddingIdx is -4, expected an integer in [-3, 2]": () =>
        new Embedding(3, 2, { paddingIdx: -4, backend }),
      'TypeError [ERR_INVALID_ARG_TYPE]: paddingIdx is "0", expected an integer in [-3, 2]': () =>
        new Embedding(3, 2, { paddingIdx: any("0"), backend }),
      'RangeError [ERR_OUT_OF_RANGE]: init is "ones", expected "normal" or "zeros"': () =>
        new Embedding(3, 2, { init: any("ones"), backend }),
      'TypeError [ERR_INVALID_ARG_TYPE]: init is 0, expected "normal" or "zeros"': () =>
        new Embedding(3, 2, { init: any(0), backend }),
      "TypeError [ERR_INVALID_ARG_TYPE]: sparse is 1, expected true or false": () =>
        new Embedding(3, 2, { sparse: any(1), backend }),
      "TypeError [ERR_INVALID_ARG_TYPE]: generator is an instance of Object, expected a Generator": () =>
        new Embedding(3, 2, { generator: any(Math), backend }),
      "RangeError [ERR_OUT_OF_RANGE]: seed is 0.5, expected a safe integer, or a bigint in [-2 ** 63, 2 ** 64)": () =>
        manualSeed(0.5),
      'TypeError [ERR_INVALID_ARG_TYPE]: backend is 7, expected the name of a backend, such as "wasm"': () =>
        new Embedding(3, 2, { backend: any(7) }),
      "RangeError [ERR_INVALID_LENGTH]: table.length is 7, expected a positive multiple of 2 = embeddingDim": () =>
        Embedding.fromPretrained(new Float32Array(7), { embeddingDim: 2, backend }),
      "RangeError [ERR_INVALID_LENGTH]: table.length is 0, expected a positive multiple of 2 = embeddingDim": () =>
        Embedding.fromPretrained(new Float32Array(0), { embeddingDim: 2, backend }),
      "TypeError [ERR_INVALID_ARG_TYPE]: table is Float64Array(4), expected a Float32Array or a tensor: { shape, data }":
        () => Embedding.fromPretrained(any(new Float64Array(4)), { embeddingDim: 2, backend }),
      "RangeError [ERR_OUT_OF_RANGE]: numClasses is 0, expected an integer in [1, 2147483647]": () => oneHot([0], 0),
      "RangeError [ERR_INDEX_OUT_OF_RANGE]: indices[1] is -1, expected an integer in [0, 4)": () =>
        oneHot(Int32Array.of(0, -1), 4),
      "RangeError [ERR_OUT_OF_MEMORY]: result is 17179869176 floats, expected what this JavaScript engine can allocate":
        () => oneHot([0, 0, 0, 0, 0, 0, 0, 0], 2 ** 31 - 1),
      "RangeError [ERR_INVALID_LENGTH]: a.length is 5, expected 6 = m x k": () =>
        matmul(new Float32Array(5), new Float32Array(6), { m: 2, n: 2, k: 3, backend }),
      "TypeError [ERR_INVALID_ARG_TYPE]: a is a detached or resized Float32Array, expected one whose memory is there":
        () => matmul(detached(new Float32Array(6)), new Float32Array(3), { m: 0, n: 1, k: 3, backend }),
      "RangeError [ERR_OUT_OF_RANGE]: m is 2.5, expected an integer >= 0": () =>
        matmul(new Float32Array(5), new Float32Array(6), { m: 2.5, n: 3, k: 2, backend }),
      "RangeError [ERR_OUT_OF_MEMORY]: result is 1152921504606847000 floats, expected what this JavaScript engine can allocate":
        () => matmul(new Float32Array(0), new Float32Array(0), { m: 2 ** 30, n: 2 ** 30, k: 0, backend }),
      "TypeError [ERR_INVALID_ARG_TYPE]: parameters[0] is an instance of Object, expected a Parameter": () =>
        new SGD(any([{}])),
      "RangeError [ERR_OUT_OF_RANGE]: lr is -1, expected a finite number >= 0": () => new SGD([], { lr: -1 }),
      'TypeError [ERR_INVALID_ARG_TYPE]: lr is "1", expected a finite number >= 0': () =>
        new Adagrad([], { lr: any("1") }),
    };
    test.each(Object.entries(cases))("%s", (refusal, call) => expect(refusalOf(call)).toBe(refusal));
  });

  describe("hidden states, targets and k", () => {
    type Call = (layers: { head: Unembedding; linear: Linear; hidden: Float32Array }) => unknown;
    const gone = (kind: string) => `a detached or resized ${kind}, expected one whose memory is there`;
    const cases: Record<string, Call> = {
      "RangeError [ERR_INVALID_LENGTH]: hidden.length is 7, expected a multiple of 2 = embeddingDim": ({ head }) =>
        head.forward(new Float32Array(7)),
      [`TypeError [ERR_INVALID_ARG_TYPE]: hidden is ${gone("Float32Array")}`]: ({ head }) =>
        head.forward(detached(new Float32Array(4))),
      [`TypeError [ERR_INVALID_ARG_TYPE]: x is ${gone("Float32Array")}`]: ({ linear }) =>
        linear.backward(shrunk(Float32Array, 4), new Float32Array(0)),
      "TypeError [ERR_INVALID_ARG_TYPE]: hidden is Array(2), expected a Float32Array": ({ head }) =>
        head.topK(any([1, 2]), 1),
      "RangeError [ERR_INVALID_LENGTH]: out.length is 5, expected 6 = n x numEmbeddings": ({ head, hidden }) =>
        head.forward(hidden, new Float32Array(5)),
      "RangeError [ERR_OUT_OF_RANGE]: out is part of hidden's memory, expected memory of its own": ({ head, hidden }) =>
        head.forward(hidden, new Float32Array(hidden.buffer, 0, 6)),
      "RangeError [ERR_INVALID_LENGTH]: gradLogits.length is 5, expected 6 = n x numEmbeddings": ({ head, hidden }) =>
        head.backward(hidden, new Float32Array(5)),
      "RangeError [ERR_OUT_OF_RANGE]: k is 0, expected an integer in [1, 3]": ({ head, hidden }) =>
        head.topK(hidden, 0),
      "RangeError [ERR_OUT_OF_RANGE]: k is 4, expected an integer in [1, 3]": ({ head, hidden }) =>
        head.topK(hidden, 4),
      "RangeError [ERR_OUT_OF_RANGE]: k is 1.5, expected an integer in [1, 3]": ({ head, hidden }) =>
        head.topK(hidden, 1.5),
      "RangeError [ERR_INVALID_LENGTH]: targets.length is 1, expected 2 = rows of hidden": ({ head, hidden }) =>
        head.loss(hidden, [1]),
      "RangeError [ERR_INDEX_OUT_OF_RANGE]: targets[1] is 3, expected an integer in [0, 3)": ({ head, hidden }) =>
        head.loss(hidden, Uint32Array.of(0, 3)),
      "RangeError [ERR_INDEX_OUT_OF_RANGE]: targets[0] is -1, expected an integer in [0, 3)": ({ head, hidden }) =>
        head.loss(hidden, [-1, 3]),
      "TypeError [ERR_INVALID_ARG_TYPE]: targets[1] is undefined, expected an integer in [0, 3)": ({ head, hidden }) =>
        head.loss(hidden, any([0, undefined])),
      'TypeError [ERR_INVALID_ARG_TYPE]: options has "ignore", expected only ignoreIndex, reduction, labelSmoothing, classWeights, gradients':
        (l) => l.head.loss(l.hidden, [0, 1], any({ ignore: 1 })),
      'RangeError [ERR_OUT_OF_RANGE]: reduction is "all", expected "mean" or "sum" or "none"': ({ head, hidden }) =>
        head.loss(hidden, [0, 1], { reduction: any("all") }),
      "RangeError [ERR_OUT_OF_RANGE]: ignoreIndex is 0.5, expected an integer": ({ head, hidden }) =>
        head.loss(hidden, [0, 1], { ignoreIndex: 0.5 }),
      "TypeError [ERR_INVALID_ARG_TYPE]: weight is Float32Array(4), expected a Parameter, such as tokens.weight": () =>
        new Unembedding(any(new Float32Array(4))),
      "RangeError [ERR_INVALID_LENGTH]: x.length is 3, expected a multiple of 2 = inFeatures": ({ linear }) =>
        linear.forward(new Float32Array(3)),
      "RangeError [ERR_INVALID_LENGTH]: gradOut.length is 7, expected 6 = n x outFeatures": ({ linear, hidden }) =>
        linear.backward(hidden, new Float32Array(7)),
    };
    test.each(Object.entries(cases))("%s", (refusal, call) => {
      using tokens = new Embedding(3, 2, { backend });
      using linear = new Linear(2, 3, { backend });
      const head = new Unembedding(tokens.weight);
      const hidden = new Float32Array(new ArrayBuffer(64), 4, 4).fill(1);
      expect(refusalOf(() => call({ head, linear, hidden }))).toBe(refusal);
      expect(tokens.weight.grad).toBeNull();
      expect(linear.weight.grad).toBeNull();
      expect(linear.bias!.grad).toBeNull();
    });
  });

  test("after dispose everything is refused in the same words", () => {
    const disposed = (name: string) => `TypeError [ERR_DISPOSED]: ${name} is disposed, expected one in use`;
    const tokens = new Embedding(3, 2, { backend, sparse: true });
    const linear = new Linear(2, 3, { backend });
    const head = new Unembedding(tokens.weight, { bias: true });
    const optimizer = new SGD([tokens.weight]);
    tokens.backward([1], new Float32Array(2));
    linear.backward(new Float32Array(2), new Float32Array(3));
    const [kept, keptDense] = [tokens.weight.grad!, linear.weight.grad!];
    for (const layer of [tokens, linear, tokens]) layer.dispose();

    expect(refusalOf(() => tokens.forward([0]))).toBe(disposed("weight"));
    expect(refusalOf(() => tokens.forward([]))).toBe(disposed("weight"));
    expect(refusalOf(() => tokens.backward([0], new Float32Array(2)))).toBe(disposed("weight"));
    expect(refusalOf(() => tokens.weight.data)).toBe(disposed("weight"));
    expect(refusalOf(() => linear.forward(new Float32Array(2)))).toBe(disposed("weight"));
    expect(refusalOf(() => linear.backward(new Float32Array(2), new Float32Array(3)))).toBe(disposed("weight"));
    expect(refusalOf(() => head.forward(new Float32Array(2)))).toBe(disposed("weight"));
    expect(refusalOf(() => head.loss(new Float32Array(2), [0]))).toBe(disposed("weight"));
    expect(refusalOf(() => head.topK(new Float32Array(2), 1))).toBe(disposed("weight"));
    expect(refusalOf(() => new Unembedding(tokens.weight))).toBe(disposed("weight"));
    expect(refusalOf(() => optimizer.step())).toBe(disposed("weight"));
    expect(tokens.weight.grad).toBeNull();
    expect(refusalOf(() => kept.values)).toBe(disposed("gradient"));
    expect(refusalOf(() => keptDense.toDense())).toBe(disposed("gradient"));
  });

  test("a bias that is disposed of is refused before anything is added to the weight's gradient", () => {
    using tokens = new Embedding(3, 2, { backend });
    const head = new Unembedding(tokens.weight, { bias: true });
    head.dispose();
    head.dispose();
    const expected = "TypeError [ERR_DISPOSED]: bias is disposed, expected one in use";
    expect(refusalOf(() => head.forward(new Float32Array(2)))).toBe(expected);
    expect(refusalOf(() => head.backward(new Float32Array(2), new Float32Array(3)))).toBe(expected);
    expect(refusalOf(() => head.loss(new Float32Array(2), [0]))).toBe(expected);
    expect(tokens.weight.grad).toBeNull();
  });
});
