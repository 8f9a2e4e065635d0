import { describe, expect, test } from "vitest";
import type { Indices } from "../src/indices.js";
import { Embedding } from "../src/layers/embedding.js";
import { expectSameBits } from "./conformance/bits.js";
import { filled, Random } from "./conformance/cases.js";
import { onEveryImplementation } from "./conformance/implementations.js";
import { any, detached, refusalOf, shrunk } from "./refusals.js";

const [numEmbeddings, dim] = [100, 16];
const weight = filled(new Random(1), numEmbeddings * dim);

onEveryImplementation(({ name: backend }) => {
  const make = (options = {}) =>
    Embedding.fromPretrained(weight, { embeddingDim: dim, freeze: false, backend, ...options });

  describe("a bad index is told by its name, place and value, and nothing is written", () => {
    const outOfRange = "RangeError [ERR_INDEX_OUT_OF_RANGE]";
    const invalid = "TypeError [ERR_INVALID_ARG_TYPE]";
    const bad: [what: string, spoil: (good: number[], at: number) => unknown, refusal: string, value: string][] = [
      ["one too large", put(100), outOfRange, "100"],
      ["negative", put(-1), outOfRange, "-1"],
      ["NaN", put(Number.NaN), outOfRange, "NaN"],
      ["a fraction", put(1.5), outOfRange, "1.5"],
      ["2^32 + 1, which would wrap to 1", put(2 ** 32 + 1), outOfRange, "4294967297"],
      ["Infinity", put(Number.POSITIVE_INFINITY), outOfRange, "Infinity"],
      ["a BigInt in a plain array", put(100n), outOfRange, "100n"],
      ["a string", put("1"), invalid, '"1"'],
      ["null", put(null), invalid, "null"],
      ["a boolean", put(true), invalid, "true"],
      ["an object", put({}), invalid, "an instance of Object"],
      ["a hole", (good, at) => good.filter((_, i) => i !== at || delete good[i]) && good, invalid, "undefined"],
      ["in an Int32Array", typed(Int32Array, -1), outOfRange, "-1"],
      ["in a Uint32Array", typed(Uint32Array, 0xffffffff), outOfRange, "4294967295"],
      ["in a Uint8Array", typed(Uint8Array, 255), outOfRange, "255"],
      ["in an Int8Array", typed(Int8Array, -128), outOfRange, "-128"],
      ["in an Int16Array", typed(Int16Array, -2), outOfRange, "-2"],
      ["in a Uint16Array", typed(Uint16Array, 100), outOfRange, "100"],
      ["in a BigInt64Array", typed(BigInt64Array, -1n), outOfRange, "-1n"],
      ["in a BigInt64Array, 2^32 + 1", typed(BigInt64Array, 2n ** 32n + 1n), outOfRange, "4294967297n"],
      ["in a BigUint64Array, beyond 2^53", typed(BigUint64Array, 2n ** 64n - 1n), outOfRange, "18446744073709551615n"],
    ];

    function put(value: unknown) {
      return (good: unknown[], at: number) => good.with(at, value);
    }
    function typed(kind: unknown, value: number | bigint) {
      return (good: number[], at: number) => {
        const Kind = kind as { from(values: unknown[]): unknown };
        return Kind.from(typeof value === "bigint" ? good.map(BigInt).with(at, value) : good.with(at, value));
      };
    }

    // 3 rows stay in JavaScript on every backend, 300 reach the kernels.
    describe.each([3, 300])("of %i", (numIndices) => {
      const good = Array.from({ length: numIndices }, (_, i) => (i * 7) % 50);
      const gradOut = filled(new Random(2), numIndices * dim);

      test.each(bad)("%s", (_, spoil, refusal, value) => {
        using layer = make();
        using sparse = make({ sparse: true });
        using frozen = make({ freeze: true });
        const out = gradOut.slice();
        for (const at of [0, numIndices >> 1, numIndices - 1]) {
          const indices = spoil([...good], at) as Indices;
          const expected = `${refusal}: indices[${at}] is ${value}, expected an integer in [0, 100)`;
          expect(refusalOf(() => layer.forward(indices, out))).toBe(expected);
          expectSameBits(out, gradOut, "out");
          for (const one of [layer, sparse, frozen]) {
            expect(refusalOf(() => one.backward(indices, gradOut))).toBe(expected);
            expect(one.weight.grad).toBeNull();
          }
        }
        for (const one of [layer, sparse]) {
          one.backward(good, gradOut);
          const before = one.weight.grad!.toDense();
          expect(refusalOf(() => one.backward(spoil([...good], 1) as Indices, gradOut))).toContain("indices[1]");
          expectSameBits(one.weight.grad!.toDense(), before, "grad");
          expectSameBits(one.weight.data, weight, "table");
        }
      });
    });

    test("in nested lists, with the way to it", () => {
      using layer = make();
      const expected = `${outOfRange}: indices[1][0][2] is 100, expected an integer in [0, 100)`;
      expect(refusalOf(() => layer.forward([[0, 1], [[2, 3, 100]]]))).toBe(expected);
    });

    test("two bad ones: the first is told", () => {
      using layer = make();
      for (const length of [5, 500]) {
        const indices = new Uint32Array(length);
        indices[2] = indices[4] = 7000;
        expect(refusalOf(() => layer.forward(indices))).toContain("indices[2] is 7000");
      }
    });
  });

  describe("arrays", () => {
    const floats = (l: Embedding, rows: number) => new Float32Array(rows * l.embeddingDim);
    const kinds = "expected integers in an array, a Uint8Array … Int32Array or a BigInt64Array";
    const gone = (kind: string) => `a detached or resized ${kind}, expected one whose memory is there`;
    const cases: Record<string, (layer: Embedding) => unknown> = {
      [`TypeError [ERR_INVALID_ARG_TYPE]: indices is Float32Array(2), ${kinds}`]: (l) =>
        l.forward(any(floats(l, 1 / 8))),
      [`TypeError [ERR_INVALID_ARG_TYPE]: indices is DataView(2), ${kinds}`]: (l) =>
        l.forward(any(new DataView(new ArrayBuffer(2)))),
      [`TypeError [ERR_INVALID_ARG_TYPE]: indices is 3, ${kinds}`]: (l) => l.forward(any(3)),
      [`TypeError [ERR_INVALID_ARG_TYPE]: indices is undefined, ${kinds}`]: (l) => l.forward(any(undefined)),
      [`TypeError [ERR_INVALID_ARG_TYPE]: indices is "01", ${kinds}`]: (l) => l.backward(any("01"), floats(l, 2)),
      [`TypeError [ERR_INVALID_ARG_TYPE]: indices is ${gone("Uint32Array")}`]: (l) =>
        l.forward(detached(new Uint32Array(3))),
      [`TypeError [ERR_INVALID_ARG_TYPE]: indices is ${gone("Int32Array")}`]: (l) =>
        l.forward(detached(new Int32Array(3))),
      [`TypeError [ERR_INVALID_ARG_TYPE]: indices is ${gone("BigInt64Array")}`]: (l) =>
        l.backward(detached(new BigInt64Array(3)), floats(l, 0)),
      [`TypeError [ERR_INVALID_ARG_TYPE]: indices is ${gone("Int16Array")}`]: (l) => l.forward(shrunk(Int16Array, 3)),

      "RangeError [ERR_INVALID_LENGTH]: out.length is 31, expected 32 = numIndices x embeddingDim": (l) =>
        l.forward([1, 2], new Float32Array(31)),
      "RangeError [ERR_INVALID_LENGTH]: out.length is 33, expected 32 = numIndices x embeddingDim": (l) =>
        l.forward([1, 2], new Float32Array(33)),
      "TypeError [ERR_INVALID_ARG_TYPE]: out is Float64Array(16), expected a Float32Array": (l) =>
        l.forward([1], any(new Float64Array(16))),
      "RangeError [ERR_OUT_OF_RANGE]: out is part of weight's memory, expected memory of its own": (l) =>
        l.forward([1, 2, 3, 4, 5], l.weight.data.subarray(8, 88)),
      [`TypeError [ERR_INVALID_ARG_TYPE]: out is ${gone("Float32Array")}`]: (l) =>
        l.forward([1], detached(floats(l, 1))),

      "RangeError [ERR_INVALID_LENGTH]: gradOut.length is 16, expected 32 = numIndices x embeddingDim": (l) =>
        l.backward([1, 2], floats(l, 1)),
      "RangeError [ERR_INVALID_LENGTH]: gradOut.length is 1, expected 0 = numIndices x embeddingDim": (l) =>
        l.backward([], new Float32Array(1)),
      "TypeError [ERR_INVALID_ARG_TYPE]: gradOut is Array(2), expected a Float32Array": (l) =>
        l.backward([1], any([1, 2])),
      [`TypeError [ERR_INVALID_ARG_TYPE]: gradOut is ${gone("Float32Array")}`]: (l) =>
        l.backward([1], shrunk(Float32Array, 16)),
    };
    test.each(Object.entries(cases))("%s", (refusal, call) => {
      using layer = make();
      layer.backward([5], filled(new Random(3), dim));
      const grad = layer.weight.grad!.toDense();
      expect(refusalOf(() => call(layer))).toBe(refusal);
      expectSameBits(layer.weight.data, weight, "table");
      expectSameBits(layer.weight.grad!.toDense(), grad, "grad");
    });
  });
});
