import { describe, expect, test } from "vitest";
import { type Dtype, dtypes } from "../../src/checkpoint/dtype.js";
import { byCodePoint } from "../../src/checkpoint/header.js";
import { decodeSafetensors, encodeSafetensors, type Tensor, type TensorSource } from "../../src/checkpoint/index.js";
import { bytesOf, errorOf, fileOf, randomIntegers, randomTensor } from "./support.js";

const allDtypes = [...dtypes.keys()] as Dtype[];

function headerOf(file: Uint8Array): string {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  return new TextDecoder().decode(file.subarray(8, 8 + length));
}

test("the bits of an element of each dtype", () => {
  const bits = {
    ...{ BOOL: 8, F4: 4, F6_E2M3: 6, F6_E3M2: 6, U8: 8, I8: 8, F8_E5M2: 8, F8_E4M3: 8, F8_E8M0: 8, F8_E4M3FNUZ: 8 },
    ...{
      F8_E5M2FNUZ: 8,
      I16: 16,
      U16: 16,
      F16: 16,
      BF16: 16,
      I32: 32,
      U32: 32,
      F32: 32,
      C64: 64,
      F64: 64,
      I64: 64,
      U64: 64,
    },
  };
  expect(Object.fromEntries(Array.from(dtypes, ([dtype, traits]) => [dtype, traits.bits]))).toEqual(bits);
});

describe("round trips", () => {
  test.each(allDtypes)("%s comes back bit for bit", (dtype) => {
    const random = randomIntegers(7);
    for (const shape of [[], [0], [3, 0, 2], [1], [4], [2, 3, 4], [5, 8]]) {
      if ((shape.reduce((product, extent) => product * extent, 1) * dtypes.get(dtype)!.bits) % 8 !== 0) continue;
      const tensor = randomTensor(dtype, shape, random);
      const back = decodeSafetensors(encodeSafetensors({ tensor })).tensors.get("tensor")!;
      expect(back.dtype).toBe(dtype);
      expect(back.shape).toEqual(shape);
      expect(Object.prototype.toString.call(back.data)).toBe(`[object ${dtypes.get(dtype)!.array}]`);
      expect(bytesOf(back.data)).toEqual(bytesOf(tensor.data));
    }
  });

  test("100 random checkpoints: names, order, metadata, every bit; encoding again gives the same bytes", () => {
    const random = randomIntegers(20);
    const letters = [...'abz."\\\n\u0001\u007fé中\u2028\uffee😀'];
    const word = () => Array.from({ length: random(6) }, () => letters[random(letters.length)]).join("");
    for (let round = 0; round < 100; round++) {
      const tensors = new Map<string, Tensor>();
      for (let i = random(8); i > 0; i--) {
        const shape = Array.from({ length: random(4) }, () => random(5) * 4);
        tensors.set(word(), randomTensor(allDtypes[random(allDtypes.length)], [4, ...shape], random));
      }
      const metadata = Object.fromEntries(Array.from({ length: random(4) }, () => [word(), word()]));
      const file = encodeSafetensors(tensors, metadata);
      const back = decodeSafetensors(file);
      expect({ ...back.metadata }).toEqual(metadata);
      expect(new Set(back.tensors.keys())).toEqual(new Set(tensors.keys()));
      for (const [name, { dtype, shape, data }] of tensors) {
        const found = back.tensors.get(name)!;
        expect([found.dtype, found.shape, bytesOf(found.data)]).toEqual([dtype, shape, bytesOf(data)]);
        expect(found.data.buffer, "aligned, so not copied").toBe(file.buffer);
      }
      const shuffled = [...tensors].reverse();
      const keys = Object.entries(metadata).reverse();
      expect(encodeSafetensors(shuffled, Object.fromEntries(keys))).toEqual(file);
      expect(encodeSafetensors(back.tensors, back.metadata)).toEqual(file);
    }
  });

  test("names that objects know are plain names", () => {
    const one = { shape: [1], data: Float32Array.of(1) };
    const names = ["__proto__", "constructor", "toString", ""];
    const file = encodeSafetensors(
      names.map((name) => [name, one] as const),
      JSON.parse('{"__proto__":"a","constructor":"b"}'),
    );
    const { tensors, metadata } = decodeSafetensors(file);
    expect([...tensors.keys()].sort()).toEqual([...names].sort());
    expect(Object.entries(metadata)).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
    expect(Object.getPrototypeOf(metadata)).toBeNull();
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });

  test("no dtype given: the array's own", () => {
    const sources: Record<string, TensorSource> = {};
    const arrays = { I8: Int8Array, U8: Uint8Array, I16: Int16Array, U16: Uint16Array, I32: Int32Array };
    const wide = { U32: Uint32Array, F32: Float32Array, F64: Float64Array, I64: BigInt64Array, U64: BigUint64Array };
    for (const [dtype, Elements] of Object.entries({ ...arrays, ...wide })) {
      sources[dtype] = { shape: [2], data: new Elements(2) };
    }
    for (const [name, { dtype }] of decodeSafetensors(encodeSafetensors(sources)).tensors) expect(dtype).toBe(name);
  });
});

describe("the bytes", () => {
  // The vectors of the reference implementation's own tests.
  test("of a tensor", () => {
    const data = Float32Array.of(0, 1, 2, 3, 4, 5);
    const floats = new Uint8Array(data.buffer);
    const plain = '{"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}';
    expect(plain.length).toBe(64);
    expect(encodeSafetensors({ "attn.0": { shape: [1, 2, 3], data } })).toEqual(fileOf(plain, floats));
    const padded = '{"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}       ';
    expect(padded.length).toBe(72);
    expect(encodeSafetensors({ attn0: { shape: [1, 1, 2, 3], data } })).toEqual(fileOf(padded, floats));
  });

  test("of nothing", () => {
    expect(encodeSafetensors({})).toEqual(fileOf("{}      "));
    expect(encodeSafetensors({}, { framework: "pt" })).toEqual(fileOf('{"__metadata__":{"framework":"pt"}}     '));
  });

  test("tensors lie by dtype, last of the enum first, then by name in code points; metadata keys sorted", () => {
    const tensors = Object.fromEntries(
      allDtypes.map((dtype) => [`x${dtype}`, randomTensor(dtype, [8], randomIntegers(1))]),
    );
    const byDtype = [...decodeSafetensors(encodeSafetensors(tensors)).tensors.values()].map(({ dtype }) => dtype);
    const sizes = byDtype.map((dtype) => dtypes.get(dtype)!.bits);
    expect(byDtype.slice(0, 5)).toEqual(["U64", "I64", "F64", "C64", "F32"]);
    expect(byDtype.slice(-5)).toEqual(["U8", "F6_E3M2", "F6_E2M3", "F4", "BOOL"]);
    expect(sizes.slice(0, 11)).toEqual([...sizes].sort((left, right) => right - left).slice(0, 11));
    const one = { shape: [], data: Float32Array.of(1) };
    const names = ["b", "a", "ab", "\uffee", "\u{1f600}", "é", "B"];
    const file = encodeSafetensors(Object.fromEntries(names.map((name) => [name, one])), {
      z: "1",
      a: "2",
      "\u{1f600}": "3",
      "\uffee": "4",
    });
    expect([...decodeSafetensors(file).tensors.keys()]).toEqual(["B", "a", "ab", "b", "é", "\uffee", "\u{1f600}"]);
    const start = '{"__metadata__":{"a":"2","z":"1","\uffee":"4","\u{1f600}":"3"},"B"';
    expect(headerOf(file).slice(0, start.length)).toBe(start);
  });

  test("the order of names is the order of their UTF-8 bytes", () => {
    const random = randomIntegers(3);
    const pool = [..."aé\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}"];
    for (let round = 0; round < 2000; round++) {
      const [left, right] = [0, 1].map(() => Array.from({ length: random(4) }, () => pool[random(9)]).join(""));
      expect(Math.sign(byCodePoint(left, right))).toBe(Buffer.compare(Buffer.from(left), Buffer.from(right)));
    }
  });
});

describe("memory", () => {
  const file = encodeSafetensors({ a: { shape: [3], data: Float64Array.of(1, 2, 3) } });

  test("aligned bytes are shared, others copied", () => {
    for (let offset = 0; offset < 9; offset++) {
      const moved = new Uint8Array(file.length + 16);
      moved.set(file, offset);
      const { data } = decodeSafetensors(moved.subarray(offset, offset + file.length)).tensors.get("a")!;
      expect([...(data as Float64Array)]).toEqual([1, 2, 3]);
      expect(data.buffer === moved.buffer).toBe(offset % 8 === 0);
    }
  });

  test("an ArrayBuffer, a Buffer and shared memory do as well", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(file.length));
    shared.set(file);
    for (const bytes of [file.buffer as ArrayBuffer, Buffer.from(file), shared]) {
      expect([...(decodeSafetensors(bytes).tensors.get("a")!.data as Float64Array)]).toEqual([1, 2, 3]);
    }
  });

  test("encoding copies: later changes do not reach the file, and a view is written from its own offset", () => {
    const data = Float32Array.of(9, 1, 2, 9);
    const encoded = encodeSafetensors({ a: { shape: [2], data: data.subarray(1, 3) } });
    data.fill(7);
    expect([...(decodeSafetensors(encoded).tensors.get("a")!.data as Float32Array)]).toEqual([1, 2]);
  });
});

test("what cannot be encoded is refused, with its name, its value and what was expected", () => {
  const data = Float32Array.of(1, 2);
  const cases: [() => unknown, string, string][] = [
    [
      () => encodeSafetensors(5 as never),
      "ERR_INVALID_ARG_TYPE",
      "tensors are 5, expected a record or a Map of tensors",
    ],
    [
      () => encodeSafetensors([5] as never),
      "ERR_INVALID_ARG_TYPE",
      "an entry of tensors is 5, expected a pair: [name, tensor]",
    ],
    [() => encodeSafetensors({ a: 5 as never }), "ERR_INVALID_ARG_TYPE", 'tensors["a"] is 5, expected { shape, data }'],
    [
      () => encodeSafetensors({ a: { shape: [2], data: [1, 2] as never } }),
      "ERR_INVALID_ARG_TYPE",
      'tensors["a"].data is Array(2), expected one of ',
    ],
    [
      () => encodeSafetensors({ a: { dtype: "F16", shape: [2], data } }),
      "ERR_INVALID_ARG_TYPE",
      'tensors["a"].data is Float32Array(2), expected Uint16Array for F16',
    ],
    [
      () => encodeSafetensors({ a: { dtype: "F31" as Dtype, shape: [2], data } }),
      "ERR_OUT_OF_RANGE",
      'tensors["a"].dtype is "F31", expected one of BOOL, ',
    ],
    [
      () => encodeSafetensors({ a: { shape: 2 as never, data } }),
      "ERR_INVALID_ARG_TYPE",
      'tensors["a"].shape is 2, expected an array of integers',
    ],
    [
      () => encodeSafetensors({ a: { shape: [1, -2], data } }),
      "ERR_OUT_OF_RANGE",
      'tensors["a"].shape[1] is -2, expected an integer in [0, 2 ** 53)',
    ],
    [
      () => encodeSafetensors({ a: { shape: [1.5], data } }),
      "ERR_OUT_OF_RANGE",
      'tensors["a"].shape[0] is 1.5, expected an integer in',
    ],
    [
      () => encodeSafetensors({ a: { shape: [3], data } }),
      "ERR_INVALID_LENGTH",
      'tensors["a"].data.byteLength is 8, expected 12 for F32 [3]',
    ],
    [
      () => encodeSafetensors({ a: { shape: [2 ** 50, 2 ** 50], data } }),
      "ERR_INVALID_LENGTH",
      'tensors["a"].data.byteLength is 8, expected an impossible number for F32',
    ],
    [
      () => encodeSafetensors({ __metadata__: { shape: [2], data } }),
      "ERR_OUT_OF_RANGE",
      'tensor name is "__metadata__", expected a name that',
    ],
    [
      () => encodeSafetensors({ "\ud800": { shape: [2], data } }),
      "ERR_OUT_OF_RANGE",
      'tensor name is "\\ud800", expected no half of a surrogate pair',
    ],
    [
      () =>
        encodeSafetensors([
          ["a", { shape: [2], data }],
          ["a", { shape: [2], data }],
        ]),
      "ERR_OUT_OF_RANGE",
      'tensor name is "a" twice, expected each name once',
    ],
    [() => encodeSafetensors({}, { a: 5 as never }), "ERR_INVALID_ARG_TYPE", 'metadata["a"] is 5, expected a string'],
    [
      () => encodeSafetensors({}, new Map() as never),
      "ERR_INVALID_ARG_TYPE",
      "metadata is an instance of Map, expected a record of strings",
    ],
    [
      () => encodeSafetensors({}, { a: "x".repeat(100_000_000) }),
      "ERR_OUT_OF_RANGE",
      "header length is 100000032 bytes, expected at most 100000000",
    ],
    [
      () => decodeSafetensors("x" as never),
      "ERR_INVALID_ARG_TYPE",
      'bytes are "x", expected a Uint8Array or an ArrayBuffer',
    ],
    [
      () => decodeSafetensors(new Uint16Array(8) as never),
      "ERR_INVALID_ARG_TYPE",
      "bytes are Uint16Array(8), expected a Uint8Array",
    ],
  ];
  for (const [run, code, message] of cases) {
    const error = errorOf(run);
    expect(error.code, message).toBe(code);
    expect(error.message).toContain(message);
    expect(error).toBeInstanceOf(code === "ERR_INVALID_ARG_TYPE" ? TypeError : RangeError);
  }
});
