import { expect, test } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "../src/checkpoint/safetensors.js";
import {
  Embedding,
  EmbeddingBag,
  type FloatTensor,
  Linear,
  TokenPositionEmbedding,
  Unembedding,
} from "../src/index.js";
import { expectSameBits } from "./conformance/bits.js";
import { onEveryImplementation } from "./conformance/implementations.js";
import { any, detached, refusalOf } from "./refusals.js";

const table: FloatTensor = { shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
const [range, type, length] = [
  "RangeError [ERR_OUT_OF_RANGE]",
  "TypeError [ERR_INVALID_ARG_TYPE]",
  "RangeError [ERR_INVALID_LENGTH]",
];

onEveryImplementation(({ name: backend }) => {
  test("what a layer saves, another is made of, without a word about sizes", () => {
    using layer = new Embedding(30, 7, { backend });
    const { tensors } = decodeSafetensors(encodeSafetensors({ "wte.weight": layer.weight }));
    using again = Embedding.fromPretrained(tensors.get("wte.weight")!, { backend });
    expectSameBits(again.weight.data, layer.weight.data, "table");
  });

  test("a parameter is a tensor: its memory may move when the copy is made", () => {
    using layer = new Embedding(300, 64, { backend });
    const before = layer.weight.data.slice();
    const copies = [];
    for (let i = 0; i < 40; i++) {
      const input = TokenPositionEmbedding.fromPretrained({ token: layer.weight, position: layer.weight }, { backend });
      const linear = Linear.fromPretrained(
        layer.weight,
        { shape: [300], data: layer.weight.data.subarray(0, 300) },
        { backend },
      );
      const head = new Unembedding(layer.weight, { bias: linear.bias! });
      copies.push(input, linear, head);
      for (const { data } of [input.token.weight, input.position.weight, linear.weight])
        expectSameBits(data, before, "copy");
      for (const each of [linear, head]) expectSameBits(each.bias!.data, before.subarray(0, 300), "bias");
    }
    for (const copy of copies) copy.dispose();
  });
});

test("with a tensor embeddingDim may be told, and must be right", () => {
  const bags = EmbeddingBag.fromPretrained(table, { embeddingDim: 2, mode: "sum" });
  expect([...bags.forward([[0, 2]])]).toEqual([6, 8]);
  const cases: Record<string, () => unknown> = {
    [`${range}: embeddingDim is 3, expected 2 = table.shape[1]`]: () =>
      Embedding.fromPretrained(table, { embeddingDim: 3 }),
    [`${range}: embeddingDim is 2.5, expected a positive integer`]: () =>
      EmbeddingBag.fromPretrained(table, { embeddingDim: 2.5 }),
    [`${range}: embeddingDim is 3, expected 2 = tables.token.shape[1]`]: () =>
      TokenPositionEmbedding.fromPretrained({ token: table, position: table }, { embeddingDim: 3 }),
    [`${range}: embeddingDim is 2, expected 1 = tables.position.shape[1]`]: () =>
      TokenPositionEmbedding.fromPretrained({ token: table, position: { shape: [6, 1], data: table.data } }),
    [`${type}: embeddingDim is undefined, expected a positive integer`]: () =>
      Embedding.fromPretrained(new Float32Array(4), any({})),
  };
  for (const [refusal, call] of Object.entries(cases)) expect(refusalOf(call)).toBe(refusal);
});

test("what is no matrix of floats is refused, and says why", () => {
  const whole = "expected a Float32Array or a tensor: { shape, data }";
  const make = (tensor: unknown) => () => Embedding.fromPretrained(any(tensor));
  const data = new Float32Array(6);
  const cases: Record<string, () => unknown> = {
    [`${type}: table is undefined, ${whole}`]: make(undefined), // a name that the checkpoint does not have
    [`${type}: table is null, ${whole}`]: make(null),
    [`${type}: table is Array(2), ${whole}`]: make([1, 2]),
    [`${type}: table is an instance of Object, ${whole}`]: make({ shape: "2 x 3", data }),
    [`${range}: table.dtype is "I64", expected one of F32, F16, BF16, F64`]: make({
      dtype: "I64",
      shape: [1],
      data: new BigInt64Array(1),
    }),
    [`${range}: table.dtype is "toString", expected one of F32, F16, BF16, F64`]: make({
      dtype: "toString",
      shape: [6],
      data,
    }),
    [`${type}: table.data is Uint16Array(2), expected a Float32Array for F32`]: make({
      shape: [1, 2],
      data: new Uint16Array(2),
    }),
    [`${type}: table.data is Float32Array(6), expected a Uint16Array for BF16`]: make({
      dtype: "BF16",
      shape: [2, 3],
      data,
    }),
    [`${type}: table.data is undefined, expected a Float32Array for F32`]: make({ shape: [2, 3] }),
    [`${type}: table.data is a detached or resized Float32Array, expected one whose memory is there`]: () =>
      Embedding.fromPretrained({ shape: [2, 3], data: detached(new Float32Array(6)) }),
    [`${length}: table.shape is [2, 2], expected one of 6 numbers`]: make({ shape: [2, 2], data }),
    [`${length}: table.shape is [-2, -3], expected one of 6 numbers`]: make({ shape: [-2, -3], data }),
    [`${length}: table.shape is [6], expected two extents above 0`]: make({ shape: [6], data }),
    [`${length}: table.shape is [1, 2, 3], expected two extents above 0`]: make({ shape: [1, 2, 3], data }),
    [`${length}: table.shape is [0, 3], expected two extents above 0`]: make({
      shape: [0, 3],
      data: new Float32Array(0),
    }),
    [`${type}: weight is Float32Array(6), expected a tensor: { shape, data }`]: () => Linear.fromPretrained(any(data)),
    [`${type}: bias is Float32Array(6), expected a tensor: { shape, data }`]: () =>
      Linear.fromPretrained(table, any(data)),
    [`${length}: bias.shape is [2], expected [3], as outFeatures is 3`]: () =>
      Linear.fromPretrained(table, { shape: [2], data: new Float32Array(2) }),
    [`${length}: bias.shape is [1, 3], expected [3], as outFeatures is 3`]: () =>
      Linear.fromPretrained(table, { shape: [1, 3], data: new Float32Array(3) }),
    [`${type}: freeze is 0, expected true or false`]: () => Linear.fromPretrained(table, null, { freeze: any(0) }),
    [`${type}: options has "bias", expected only freeze, backend`]: () =>
      Linear.fromPretrained(table, null, any({ bias: 1 })),
  };
  for (const [refusal, call] of Object.entries(cases)) expect(refusalOf(call)).toBe(refusal);
  using layer = new Embedding(3, 2);
  expect(refusalOf(() => new Unembedding(layer.weight, { bias: table }))).toBe(
    `${length}: bias.shape is [3, 2], expected [3], as numEmbeddings is 3`,
  );
  expect(refusalOf(() => new Unembedding(layer.weight, { bias: any(1) }))).toBe(
    `${type}: bias is 1, expected true or false`,
  );
  layer.dispose();
  expect(refusalOf(() => Embedding.fromPretrained(layer.weight))).toContain("[ERR_DISPOSED]: weight is disposed");
});
