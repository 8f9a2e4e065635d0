import { describe, expect, test } from "vitest";
import { decodeSafetensors } from "../../src/checkpoint/index.js";
import { errorOf, fileOf } from "./support.js";

const tensor = (dtype: string, shape: string, offsets: string) =>
  `{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}`;
const one = tensor('"F32"', "[1]", "[0,4]");
const two = tensor('"F32"', "[1]", "[4,8]");

describe("files that are not what they say", () => {
  const deep = `{"a":${"[".repeat(200_000)}`;
  const cases: [string, Uint8Array, typeof RangeError | typeof TypeError, string][] = [
    ["empty", new Uint8Array(0), RangeError, "checkpoint length is 0 bytes, expected at least 8"],
    ["header too small", new Uint8Array(7), RangeError, "checkpoint length is 7 bytes, expected at least 8"],
    ["header of no length", new Uint8Array(8), RangeError, 'header length is 0 bytes, expected at least 2: "{}"'],
    [
      "header too large",
      fileOf("{}", 0, 100_000_001n),
      RangeError,
      "header length is 100000001 bytes, expected at most 100000000",
    ],
    [
      "header far too large",
      fileOf("{}", 0, 2n ** 64n - 1n),
      RangeError,
      "header length is 18446744073709551615 bytes, expected at most 100000000",
    ],
    [
      "header longer than the file",
      fileOf("{}", 0, 3n),
      RangeError,
      "header length is 3 bytes, expected at most the 2 that follow it",
    ],
    ["header start", fileOf(" {}"), RangeError, `header's first byte is 0x20, expected "{"`],
    ["byte order mark", fileOf("\ufeff{}"), RangeError, `header's first byte is 0xef, expected "{"`],
    ["not an object", fileOf("[]"), RangeError, `header's first byte is 0x5b, expected "{"`],
    [
      "invalid UTF-8",
      fileOf(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)),
      RangeError,
      "header is invalid UTF-8, expected UTF-8",
    ],
    [
      "overlong UTF-8",
      fileOf(Uint8Array.of(0x7b, 0x22, 0xc0, 0xa2, 0x22, 0x7d)),
      RangeError,
      "header is invalid UTF-8",
    ],
    [
      "a surrogate in UTF-8",
      fileOf(Uint8Array.of(0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22)),
      RangeError,
      "header is invalid UTF-8",
    ],
    ["not JSON", fileOf("{a}"), RangeError, 'header at character 1 is "a}", expected a key in double quotes'],
    ["no end", fileOf('{"a":{'), RangeError, "header at character 6 is at its end, expected a key in double quotes"],
    ["a comma too many", fileOf(`{"a":${one},}`, 4), RangeError, 'is "}", expected a key in double quotes'],
    ["no colon", fileOf('{"a" 1}'), RangeError, 'header at character 5 is "1}", expected ":"'],
    ["no comma", fileOf('{"a":[1 2]}'), RangeError, 'header at character 8 is "2]}", expected "," or "]"'],
    ["a word", fileOf('{"a":nil}'), RangeError, 'header at character 5 is "nil}", expected a JSON value'],
    ["not a number", fileOf('{"a":-}'), RangeError, 'header at character 5 is "-}", expected a JSON value'],
    ["a leading zero", fileOf('{"a":[01]}'), RangeError, 'header at character 7 is "1]}", expected "," or "]"'],
    ["an open string", fileOf('{"a'), RangeError, 'header at character 1 is "\\"a", expected a string that ends'],
    ["an open escape", fileOf('{"a\\'), RangeError, "expected a string that ends"],
    [
      "an unknown escape",
      fileOf('{"\\x":1}'),
      RangeError,
      "expected a string without control characters or unknown escapes",
    ],
    [
      "a raw line feed",
      fileOf('{"\n":1}'),
      RangeError,
      "expected a string without control characters or unknown escapes",
    ],
    [
      "half a surrogate pair",
      fileOf('{"\\ud83d":1}'),
      RangeError,
      "expected a string without half of a surrogate pair",
    ],
    [
      "something behind",
      fileOf("{} {}"),
      RangeError,
      'header at character 3 is "{}", expected nothing but white space behind the value',
    ],
    ["zeros behind", fileOf("{}\0\0"), RangeError, "expected nothing but white space behind the value"],
    ["too deep", fileOf(deep), RangeError, "expected at most 128 levels"],
    ["a tensor twice", fileOf(`{"a":${one},"a":${two}}`, 8), RangeError, "expected every key once in its object"],
    [
      "a tensor twice, once in disguise",
      fileOf(`{"a":${one},"\\u0061":${two}}`, 8),
      RangeError,
      "expected every key once in its object",
    ],
    [
      "__proto__ twice",
      fileOf(`{"__proto__":${one},"__proto__":${two}}`, 8),
      RangeError,
      "expected every key once in its object",
    ],
    [
      "metadata twice",
      fileOf('{"__metadata__":{},"__metadata__":{}}'),
      RangeError,
      "expected every key once in its object",
    ],
    [
      "a metadata key twice",
      fileOf('{"__metadata__":{"a":"1","a":"2"}}'),
      RangeError,
      "expected every key once in its object",
    ],
    [
      "a field twice",
      fileOf(`{"a":{"dtype":"F32","dtype":"F32"}}`),
      RangeError,
      "expected every key once in its object",
    ],
    [
      "metadata not an object",
      fileOf('{"__metadata__":[]}'),
      TypeError,
      "__metadata__ is Array(0), expected an object of strings",
    ],
    [
      "metadata not a string",
      fileOf('{"__metadata__":{"a":1}}'),
      TypeError,
      '__metadata__["a"] is 1, expected a string',
    ],
    [
      "a tensor that is none",
      fileOf('{"a":1}'),
      TypeError,
      'tensors["a"] is 1, expected an object with dtype, shape, data_offsets',
    ],
    [
      "no dtype",
      fileOf('{"a":{"shape":[1],"data_offsets":[0,4]}}', 4),
      TypeError,
      'tensors["a"].dtype is missing, expected one of BOOL, F4',
    ],
    [
      "an unknown dtype",
      fileOf(`{"a":${tensor('"F31"', "[1]", "[0,4]")}}`, 4),
      RangeError,
      'tensors["a"].dtype is "F31", expected one of BOOL, F4',
    ],
    [
      "a dtype of another kind",
      fileOf(`{"a":${tensor("{}", "[1]", "[0,4]")}}`, 4),
      TypeError,
      'tensors["a"].dtype is an object, expected one of',
    ],
    [
      "no shape",
      fileOf('{"a":{"dtype":"F32","data_offsets":[0,4]}}', 4),
      TypeError,
      'tensors["a"].shape is missing, expected an array',
    ],
    [
      "no offsets",
      fileOf('{"a":{"dtype":"F32","shape":[1]}}', 4),
      TypeError,
      'tensors["a"].data_offsets is missing, expected an array',
    ],
    [
      "a negative shape",
      fileOf(`{"a":${tensor('"F32"', "[1,-1]", "[0,4]")}}`, 4),
      RangeError,
      'tensors["a"].shape[1] is -1, expected an integer in [0, 2 ** 53)',
    ],
    [
      "a shape of -0",
      fileOf(`{"a":${tensor('"F32"', "[-0]", "[0,0]")}}`),
      RangeError,
      'tensors["a"].shape[0] is -0, expected an integer',
    ],
    [
      "a broken shape",
      fileOf(`{"a":${tensor('"F32"', "[1.0]", "[0,4]")}}`, 4),
      RangeError,
      'tensors["a"].shape[0] is 1.0, expected an integer',
    ],
    [
      "a huge shape",
      fileOf(`{"a":${tensor('"F32"', "[9007199254740993]", "[0,4]")}}`, 4),
      RangeError,
      'tensors["a"].shape[0] is 9007199254740993, expected an integer',
    ],
    [
      "an endless offset",
      fileOf(`{"a":${tensor('"F32"', "[1]", "[0,1e999]")}}`, 4),
      RangeError,
      'tensors["a"].data_offsets[1] is 1e999, expected an integer',
    ],
    [
      "a shape of strings",
      fileOf(`{"a":${tensor('"F32"', '["1"]', "[0,4]")}}`, 4),
      RangeError,
      'tensors["a"].shape[0] is "1", expected an integer',
    ],
    [
      "one offset",
      fileOf(`{"a":${tensor('"F32"', "[1]", "[4]")}}`, 4),
      RangeError,
      'tensors["a"].data_offsets.length is 1, expected 2: begin and end',
    ],
    [
      "three offsets",
      fileOf(`{"a":${tensor('"F32"', "[1]", "[0,4,4]")}}`, 4),
      RangeError,
      'tensors["a"].data_offsets.length is 3, expected 2',
    ],
    [
      "offsets backwards",
      fileOf(`{"a":${tensor('"F32"', "[1]", "[4,0]")}}`, 4),
      RangeError,
      'tensors["a"].data_offsets[1] is 0, expected at least data_offsets[0], 4',
    ],
    [
      "overflow of the shape",
      fileOf(`{"a":${tensor('"F32"', "[4294967296,4294967296]", "[0,0]")}}`),
      RangeError,
      'tensors["a"].shape is [4294967296, 4294967296], expected fewer than 2 ** 53 bits in all',
    ],
    [
      "overflow of the bytes",
      fileOf(`{"a":${tensor('"F64"', "[9007199254740991]", "[0,0]")}}`),
      RangeError,
      "expected fewer than 2 ** 53 bits in all",
    ],
    [
      "half a byte",
      fileOf(`{"a":${tensor('"F4"', "[3]", "[0,2]")}}`, 2),
      RangeError,
      `tensors["a"]'s size is 1.5 bytes, expected whole bytes for F4 [3]`,
    ],
    [
      "size too small",
      fileOf(`{"a":${tensor('"F32"', "[2]", "[0,4]")}}`, 4),
      RangeError,
      `tensors["a"]'s size is 4 bytes, expected 8 for F32 [2]`,
    ],
    [
      "size too large",
      fileOf(`{"a":${tensor('"F32"', "[1]", "[0,8]")}}`, 8),
      RangeError,
      `tensors["a"]'s size is 8 bytes, expected 4 for F32 [1]`,
    ],
    [
      "a hole in front",
      fileOf(`{"a":${two}}`, 8),
      RangeError,
      'tensors["a"].data_offsets[0] is 4, expected 0 (no hole behind the tensor before)',
    ],
    [
      "a hole between",
      fileOf(`{"a":${one},"b":${tensor('"F32"', "[1]", "[5,9]")}}`, 9),
      RangeError,
      'tensors["b"].data_offsets[0] is 5, expected 4 (no hole',
    ],
    [
      "an overlap",
      fileOf(`{"a":${one},"b":${tensor('"F32"', "[1]", "[3,7]")}}`, 7),
      RangeError,
      'tensors["b"].data_offsets[0] is 3, expected 4 (no overlap',
    ],
    [
      "the same bytes twice",
      fileOf(`{"a":${one},"b":${one}}`, 4),
      RangeError,
      'tensors["b"].data_offsets[0] is 0, expected 4 (no overlap',
    ],
    [
      "an incomplete buffer",
      fileOf(`{"a":${one}}`, 3),
      RangeError,
      "end of the last tensor is 4, expected 3, the number of bytes behind the header",
    ],
    ["bytes left over", fileOf(`{"a":${one}}`, 5), RangeError, "end of the last tensor is 4, expected 5"],
    ["bytes of nobody", fileOf("{}", 1), RangeError, "end of the last tensor is 0, expected 1"],
  ];

  test.each(cases)("%s", (_, file, Kind, message) => {
    const error = errorOf(() => decodeSafetensors(file));
    expect(error.message).toContain(message);
    expect(error.code).toBe("ERR_INVALID_CHECKPOINT");
    expect(error).toBeInstanceOf(Kind);
    expect(error.stack).toContain(`${Kind.name} [ERR_INVALID_CHECKPOINT]: `);
  });
});

describe("files that are odd, but right", () => {
  test.each([
    ["no tensor", fileOf("{}"), []],
    ["metadata of null, as the reference reads it", fileOf('{"__metadata__":null}'), []],
    ["white space all over", fileOf(`{ "a" :\t${one}\r\n}\n  `, 4), ["a"]],
    ["tensors in another order than their bytes", fileOf(`{"a":${two},"b":${one}}`, 8), ["b", "a"]],
    [
      "empty tensors between",
      fileOf(`{"a":${one},"e":${tensor('"F64"', "[0,9007199254740991]", "[4,4]")}}`, 4),
      ["a", "e"],
    ],
    ["a scalar", fileOf(`{"s":${tensor('"U8"', "[]", "[0,1]")}}`, 1), ["s"]],
    [
      "a field from the future",
      fileOf('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"scale":[1.5e3,{"x":null}]}}', 1),
      ["a"],
    ],
    ["__proto__", fileOf(`{"__proto__":${one}}`, 4), ["__proto__"]],
  ])("%s", (_, file, names) => {
    expect([...decodeSafetensors(file).tensors.keys()]).toEqual(names);
  });
});
