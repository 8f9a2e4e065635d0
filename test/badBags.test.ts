import { describe, expect, test } from "vitest";
import { EmbeddingBag } from "../src/layers/embeddingBag.js";
import { expectSameBits } from "./conformance/bits.js";
import { filled, Random } from "./conformance/cases.js";
import { onEveryImplementation } from "./conformance/implementations.js";
import { any, detached, refusalOf, shrunk } from "./refusals.js";

const [numEmbeddings, dim] = [100, 16];
const weight = filled(new Random(1), numEmbeddings * dim);
const [type, range] = ["TypeError [ERR_INVALID_ARG_TYPE]:", "RangeError [ERR_OUT_OF_RANGE]:"];
const [length, outside] = ["RangeError [ERR_INVALID_LENGTH]:", "RangeError [ERR_INDEX_OUT_OF_RANGE]:"];
const gone = (kind: string) => `a detached or resized ${kind}, expected one whose memory is there`;
const kinds = "expected integers in an array, a Uint8Array … Int32Array or a BigInt64Array";

/** What an EmbeddingBag refuses, in the same words on every backend. */
onEveryImplementation(({ name: backend }) => {
  const make = (options = {}) =>
    EmbeddingBag.fromPretrained(weight, { embeddingDim: dim, freeze: false, backend, ...options });

  describe("input, of one bag and of many", () => {
    // A few indices stay in JavaScript on every backend, hundreds reach the kernels.
    const many = Array.from({ length: 300 }, (_, i) => (i * 7) % numEmbeddings);
    const cases: Record<string, unknown> = {
      [`${type} input is 3, expected an array of bags, { indices, offsets } or { indices, bagSize }`]: 3,
      [`${type} input is null, expected an array of bags, { indices, offsets } or { indices, bagSize }`]: null,
      [`${type} input is Uint32Array(2), expected an array of bags, { indices, offsets } or { indices, bagSize }`]:
        Uint32Array.of(1, 2),
      [`${type} input[0] is 1, ${kinds}`]: [1, 2],
      [`${type} input[1] is undefined, ${kinds}`]: [[1], undefined],
      [`${type} input[1] is Float32Array(1), ${kinds}`]: [[1], Float32Array.of(1)],
      [`${type} input[0] is ${gone("Int16Array")}`]: () => [shrunk(Int16Array, 3)],
      [`${outside} input[1][2] is 100, expected an integer in [0, 100)`]: [[1], [2, 3, 100]],
      [`${outside} input[1][0] is -1, expected an integer in [0, 100)`]: [[1], Int8Array.of(-1)],
      [`${outside} input[0][1] is 0.5, expected an integer in [0, 100)`]: [[1, 0.5]],
      [`${type} input[0][0] is Array(1), expected an integer in [0, 100)`]: [[[1]]],
      [`${type} input[0][1] is undefined, expected an integer in [0, 100)`]: [[1, undefined]],
      [`${type} input has "ofsets", expected only indices, offsets, bagSize, perSampleWeights`]: {
        indices: [1],
        ofsets: [0],
      },
      [`${type} input has offsets and bagSize, expected one of them`]: { indices: [1], offsets: [0], bagSize: 1 },
      [`${type} indices is Uint32Array(2), expected an array of bags, or offsets or bagSize beside it`]: {
        indices: Uint32Array.of(1, 2),
      },
      [`${type} indices[0] is 1, ${kinds}`]: { indices: [1, 2] },
      [`${type} indices is undefined, ${kinds}`]: { offsets: [0] },
      [`${type} indices is ${gone("Uint32Array")}`]: () => ({ indices: detached(new Uint32Array(3)), offsets: [0] }),
      [`${outside} indices[2] is 100, expected an integer in [0, 100)`]: { indices: [1, 2, 100], offsets: [0] },
      [`${outside} indices[1] is -1, expected an integer in [0, 100)`]: { indices: Int32Array.of(1, -1), bagSize: 1 },
      [`${outside} indices[250] is 4294967295, expected an integer in [0, 100)`]: {
        indices: Uint32Array.from(many).fill(0xffffffff, 250),
        bagSize: 3,
      },
      [`${outside} indices[299] is 100n, expected an integer in [0, 100)`]: {
        indices: BigInt64Array.from(many, BigInt).fill(100n, 299),
        offsets: [0, 1],
      },
      [`${range} offsets[0] is 1, expected 0`]: { indices: [1, 2], offsets: [1] },
      [`${range} offsets[3] is 9, expected an integer in [4, 8]`]: {
        indices: [1, 2, 3, 4, 5, 6, 7, 8],
        offsets: [0, 0, 4, 9, 2],
      },
      [`${range} offsets[2] is 3, expected an integer in [4, 300]`]: { indices: many, offsets: [0, 4, 3] },
      [`${range} offsets[1] is -1, expected an integer in [0, 300]`]: { indices: many, offsets: Int32Array.of(0, -1) },
      [`${range} offsets[1] is 301n, expected an integer in [0, 300]`]: { indices: many, offsets: [0, 301n] },
      [`${range} offsets[1] is 1.5, expected an integer in [0, 300]`]: { indices: many, offsets: [0, 1.5] },
      [`${range} offsets[1] is NaN, expected an integer in [0, 300]`]: { indices: many, offsets: [0, Number.NaN] },
      [`${type} offsets[0] is "0", expected 0`]: { indices: many, offsets: ["0"] },
      [`${type} offsets is 0, ${kinds}`]: { indices: many, offsets: 0 },
      [`${type} offsets is ${gone("Uint32Array")}`]: () => ({ indices: many, offsets: detached(new Uint32Array(2)) }),
      [`${length} indices.length is 300, expected a multiple of 7 = bagSize`]: { indices: many, bagSize: 7 },
      [`${range} bagSize is 0, expected a positive integer`]: { indices: many, bagSize: 0 },
      [`${type} bagSize is "2", expected a positive integer`]: { indices: many, bagSize: "2" },
      [`${length} perSampleWeights.length is 299, expected 300 = numIndices`]: {
        indices: many,
        bagSize: 3,
        perSampleWeights: new Float32Array(299),
      },
      [`${type} perSampleWeights is Float64Array(300), expected a Float32Array`]: {
        indices: many,
        bagSize: 3,
        perSampleWeights: new Float64Array(300),
      },
      [`${length} perSampleWeights.length is 1, expected 2 = numIndices`]: {
        indices: [1, 2],
        offsets: [0],
        perSampleWeights: [1],
      },
      [`${type} perSampleWeights[1] is "1", expected a number`]: {
        indices: [1, 2],
        offsets: [0],
        perSampleWeights: [1, "1"],
      },
      [`${length} perSampleWeights.length is 1, expected 2 = indices.length`]: {
        indices: [[1], [2]],
        perSampleWeights: [[1]],
      },
      [`${length} perSampleWeights[1].length is 1, expected 2 = indices[1].length`]: {
        indices: [[1], [2, 3]],
        perSampleWeights: [[1], [2]],
      },
      [`${type} perSampleWeights[0][0] is null, expected a number`]: { indices: [[1]], perSampleWeights: [[null]] },
    };

    test.each(Object.entries(cases))("%s", (refusal, given) => {
      for (const sparse of [false, true]) {
        using layer = make({ mode: "sum", sparse, maxNorm: 0.1 });
        layer.backward([[5]], filled(new Random(3), dim));
        const grad = layer.weight.grad!.toDense();
        const input = () => any(typeof given === "function" ? given() : given);
        expect(refusalOf(() => layer.forward(input()))).toBe(refusal);
        // How many bags there are is not known where the input is refused: the length of gradOut is looked at after it.
        const numBags = refusal.startsWith(outside) && refusal.includes("indices[") ? bagsOf(given) : 0;
        expect(refusalOf(() => layer.backward(input(), new Float32Array(numBags * dim)))).toBe(refusal);
        expectSameBits(layer.weight.data, weight, "table");
        expectSameBits(layer.weight.grad!.toDense(), grad, "grad");
      }
    });

    function bagsOf(given: unknown): number {
      const { indices, offsets, bagSize } = given as { indices: unknown[]; offsets?: unknown[]; bagSize: number };
      return offsets?.length ?? indices.length / bagSize;
    }
  });

  /** n times 1, of which one that takes the memory of an array away when it is read. */
  const taking = (array: ArrayBufferView, n: number): number[] =>
    Object.defineProperty(Array(n).fill(1), n - 1, {
      get() {
        if (array.byteLength > 0) detached(array);
        return 1;
      },
    });
  const taken: Record<string, (n: number) => unknown> = {
    [`${type} indices is ${gone("Uint32Array")}`]: (n) => {
      const indices = new Uint32Array(n);
      return { indices, bagSize: 2, perSampleWeights: taking(indices, n) };
    },
    [`${type} indices is ${gone("Int32Array")}`]: (n) => {
      const indices = new Int32Array(n);
      return { indices, offsets: Object.assign(taking(indices, 2), { 0: 0 }) };
    },
    [`${type} input[1][0] is undefined, expected an integer in [0, 100)`]: (n) => {
      const bag = new Uint32Array(n);
      return [taking(bag, 2), bag];
    },
  };
  test.each(Object.entries(taken))("a getter takes memory away: %s", (refusal, input) => {
    for (const n of [4, 300]) {
      using layer = make({ mode: "sum", maxNorm: 0.1 });
      expect(refusalOf(() => layer.forward(any(input(n))))).toBe(refusal);
      expect(refusalOf(() => layer.backward(any(input(n)), new Float32Array(0)))).toBe(refusal);
      expectSameBits(layer.weight.data, weight, "table");
      expect(layer.weight.grad).toBeNull();
    }
  });

  describe("what goes along with it", () => {
    const bags = [[1, 2], [3]];
    const cases: Record<string, (layer: EmbeddingBag) => unknown> = {
      [`${length} out.length is 16, expected 32 = numBags x embeddingDim`]: (l) =>
        l.forward(bags, new Float32Array(16)),
      [`${type} out is Array(32), expected a Float32Array`]: (l) => l.forward(bags, any(Array(32).fill(0))),
      [`${range} out is part of weight's memory, expected memory of its own`]: (l) =>
        l.forward(bags, l.weight.data.subarray(0, 32)),
      [`${range} out is part of indices's memory, expected memory of its own`]: (l) => {
        const indices = new Uint32Array(16);
        return l.forward({ indices, bagSize: 16 }, new Float32Array(indices.buffer));
      },
      [`${range} out is part of perSampleWeights's memory, expected memory of its own`]: (l) => {
        const perSampleWeights = new Float32Array(16);
        return l.forward({ indices: new Uint8Array(16), bagSize: 16, perSampleWeights }, perSampleWeights);
      },
      [`${length} gradOut.length is 48, expected 32 = numBags x embeddingDim`]: (l) =>
        l.backward(bags, new Float32Array(48)),
      [`${type} gradOut is undefined, expected a Float32Array`]: (l) => l.backward(bags, any(undefined)),
      [`${length} offsets.length is 0, expected at least 1 with includeLastOffset`]: () => {
        using layer = make({ includeLastOffset: true });
        layer.forward({ indices: [], offsets: [] });
      },
      [`${range} offsets[2] is 4, expected an integer in [1, 3]`]: () => {
        using layer = make({ includeLastOffset: true });
        layer.forward({ indices: [1, 2, 3], offsets: [0, 1, 4] });
      },
      [`${range} input has perSampleWeights, expected none with mode "max"`]: () => {
        using layer = make({ mode: "max" });
        layer.backward({ indices: [1], bagSize: 1, perSampleWeights: [1] }, new Float32Array(dim));
      },
    };
    test.each(Object.entries(cases))("%s", (refusal, call) => {
      using layer = make();
      expect(refusalOf(() => call(layer))).toBe(refusal);
      expectSameBits(layer.weight.data, weight, "table");
      expect(layer.weight.grad).toBeNull();
    });
  });

  describe("options", () => {
    const known = "mode, includeLastOffset, paddingIdx, maxNorm, normType, scaleGradByFreq, sparse";
    const cases: Record<string, () => unknown> = {
      [`${range} mode is "average", expected "sum" or "mean" or "max"`]: () =>
        new EmbeddingBag(3, 2, { mode: any("average"), backend }),
      [`${type} mode is 1, expected "sum" or "mean" or "max"`]: () => new EmbeddingBag(3, 2, { mode: any(1), backend }),
      [`${type} includeLastOffset is 1, expected true or false`]: () =>
        new EmbeddingBag(3, 2, { includeLastOffset: any(1), backend }),
      [`${type} sparse is null, expected true or false`]: () => new EmbeddingBag(3, 2, { sparse: any(null), backend }),
      [`${range} scaleGradByFreq is true, expected false with mode "max"`]: () =>
        new EmbeddingBag(3, 2, { mode: "max", scaleGradByFreq: true, backend }),
      [`${range} paddingIdx is -4, expected an integer in [-3, 2]`]: () =>
        new EmbeddingBag(3, 2, { paddingIdx: -4, backend }),
      [`${range} maxNorm is -1, expected a finite number >= 0`]: () => new EmbeddingBag(3, 2, { maxNorm: -1, backend }),
      [`${range} normType is 0, expected a number > 0, or Infinity`]: () =>
        new EmbeddingBag(3, 2, { maxNorm: 1, normType: 0, backend }),
      [`${range} numEmbeddings is 0, expected an integer in [1, 2147483647]`]: () => new EmbeddingBag(0, 2),
      [`${type} options has "padding_idx", expected only ${known}, init, generator, backend`]: () =>
        new EmbeddingBag(3, 2, any({ padding_idx: 1 })),
      [`${type} options has "generator", expected only embeddingDim, freeze, ${known}, backend`]: () =>
        EmbeddingBag.fromPretrained(weight, any({ embeddingDim: dim, generator: null })),
      [`${length} table.length is 3, expected a positive multiple of 2 = embeddingDim`]: () =>
        EmbeddingBag.fromPretrained(new Float32Array(3), { embeddingDim: 2, backend }),
    };
    test.each(Object.entries(cases))("%s", (refusal, call) => expect(refusalOf(call)).toBe(refusal));
  });

  test("a layer that is disposed of", () => {
    const layer = make();
    layer.dispose();
    layer.dispose();
    const expected = "TypeError [ERR_DISPOSED]: weight is disposed, expected one in use";
    expect(refusalOf(() => layer.forward([[0]]))).toBe(expected);
    expect(refusalOf(() => layer.backward([[0]], new Float32Array(dim)))).toBe(expected);
  });
});

// The facade checks offsets in words, but behind the native door they would lead outside an array: it looks at them again.
onEveryImplementation(({ backend: { name }, kernels }) => {
  test.runIf(name === "native")("offsets that lie are refused at the door", () => {
    const table = new Float32Array(8);
    const indices = Uint32Array.of(0, 1, 2);
    const none = new Float32Array(0);
    const bags = (...offsets: number[]) => [table, 4, 2, indices, 3, Uint32Array.from(offsets), 2] as const;
    const calls: ((...offsets: number[]) => number)[] = [
      (...offsets) => kernels.gatherBags(...bags(...offsets), 0, 9, none, new Float32Array(4)),
      (...offsets) => kernels.scatterAddBags(...bags(...offsets), 9, none, new Float32Array(4)),
      (...offsets) => kernels.dotBags(...bags(...offsets), 9, new Float32Array(4), new Float32Array(3)),
      (...offsets) => {
        const ends = Uint32Array.from(offsets);
        return kernels.scatterAddMaxBags(table, 4, table, 4, 2, indices, indices, 3, ends, 2, 9, new Float32Array(4));
      },
    ];
    for (const call of calls) {
      expect(call(0, 1, 3)).toBe(3);
      expect(refusalOf(() => call(0, 1, 4))).toBe(`${range} offsets[2] is 4, expected an integer in [1, 3]`);
      expect(refusalOf(() => call(0, 2, 1))).toBe(`${range} offsets[2] is 1, expected an integer in [2, 3]`);
      expect(refusalOf(() => call(0, 1))).toBe(`${length} offsets has 2 elements, expected at least 3 x 1`);
    }
  });
});
