import { describe, expect, test } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "../../src/checkpoint/index.js";
import { JsonNumber, type JsonValue, parseJson } from "../../src/checkpoint/json.js";
import { fileOf, randomIntegers } from "./support.js";

const one = '{"dtype":"F32","shape":[1],"data_offsets":[0,4]}';
const two = '{"dtype":"F32","shape":[1],"data_offsets":[4,8]}';
const none = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}';

describe("fuzz", () => {
  const seeds = [
    encodeSafetensors(
      { a: { shape: [2, 3], data: new Float32Array(6) }, b: { shape: [], data: Uint8Array.of(1) } },
      { k: "é😀" },
    ),
    fileOf(`{ "__metadata__": {"a": "\\u00e9\\n"}, "x": ${one}, "y": ${two} }`, 8),
    encodeSafetensors({
      "": { shape: [0, 4], data: new BigInt64Array(0) },
      z: { dtype: "F4", shape: [2], data: Uint8Array.of(1) },
    }),
  ];

  /** Decodes, or throws what it says it throws; tells which. */
  function decodes(file: Uint8Array): boolean {
    try {
      const { tensors } = decodeSafetensors(file);
      for (const { shape, data } of tensors.values()) expect(shape.length + data.length).toBeGreaterThanOrEqual(0);
      return true;
    } catch (error) {
      expect((error as { code?: string }).code, String((error as Error).stack)).toBe("ERR_INVALID_CHECKPOINT");
      return false;
    }
  }

  test("every truncation is refused", () => {
    for (const file of seeds) {
      expect(decodes(file)).toBe(true);
      for (let length = 0; length < file.length; length++) {
        const cut = file.subarray(0, length);
        expect(decodes(cut), `${length} of ${file.length} bytes`).toBe(false);
      }
    }
  });

  test("every single bit flipped, and 30,000 heaps of changed bytes: decoded or ERR_INVALID_CHECKPOINT", () => {
    let decoded = 0;
    for (const file of seeds) {
      for (let bit = 0; bit < file.length * 8; bit++) {
        const changed = file.slice();
        changed[bit >> 3] ^= 1 << (bit & 7);
        if (decodes(changed)) decoded++;
      }
    }
    const random = randomIntegers(99);
    const likely = new TextEncoder().encode('{}[]",:\\0123456789-.eEu\n dF');
    for (let round = 0; round < 30_000; round++) {
      let changed = seeds[random(seeds.length)].slice();
      for (let i = random(6); i >= 0; i--) {
        const at = random(changed.length);
        if (random(8) === 0)
          changed = Uint8Array.from([...changed.subarray(0, at), ...changed.subarray(at + random(9))]);
        else changed[at] = random(2) === 0 ? random(256) : likely[random(likely.length)];
        if (changed.length === 0) break;
      }
      if (decodes(changed)) decoded++;
    }
    expect(decoded, "some of the changes only reach data or names").toBeGreaterThan(100);
  }, 300_000);

  test("a header of a million brackets, keys or digits takes no time", () => {
    const start = performance.now();
    const many = Array.from({ length: 100_000 }, (_, i) => `"${i}":${none}`).join(",");
    expect(decodeSafetensors(fileOf(`{${many}}`)).tensors.size).toBe(100_000);
    for (const text of [
      `{"a":${"9".repeat(1e6)}}`,
      `{"a":"${"\\".repeat(1e6)}`,
      `{"${"a".repeat(1e6)}":1}`,
      `{"a":[${"1,".repeat(1e6)}`,
    ]) {
      expect(decodes(fileOf(text))).toBe(false);
    }
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

test("the JSON reader agrees with JSON.parse, but for keys twice and halves of surrogate pairs", () => {
  const random = randomIntegers(5);
  const pieces = [
    ...'{}[]",:\\ntf0123.eE+- \t\u0001é',
    "true",
    "false",
    "null",
    '"a"',
    '"b":',
    "\\u0041",
    "\\ud800",
    "1e5",
    "{}",
    "[]",
  ];
  const plain = (value: JsonValue): unknown => {
    if (value instanceof JsonNumber) return Number(value.text);
    if (value instanceof Map) return Object.fromEntries(Array.from(value, ([key, entry]) => [key, plain(entry)]));
    return Array.isArray(value) ? value.map(plain) : value;
  };
  let agreed = 0;
  for (let round = 0; round < 60_000; round++) {
    const text = Array.from({ length: 1 + random(7) }, () => pieces[random(pieces.length)]).join("");
    let expected: unknown;
    let right = true;
    try {
      expected = JSON.parse(text);
    } catch {
      right = false;
    }
    try {
      expect(plain(parseJson(text)), text).toEqual(expected);
      expect(right, text).toBe(true);
      agreed++;
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      expect(code, `${text}: ${message}`).toBe("ERR_INVALID_CHECKPOINT");
      if (!/every key once|surrogate/.test(message)) expect(right, text).toBe(false);
    }
  }
  expect(agreed).toBeGreaterThan(300);
});
