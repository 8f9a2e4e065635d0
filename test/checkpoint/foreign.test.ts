/** Files from elsewhere, and files for elsewhere. */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { decodeSafetensors, encodeSafetensors, type TensorSource } from "../../src/checkpoint/index.js";

test("a file of another program's, of mixed types: makeForeign.py wrote it", () => {
  const bytes = readFileSync(fileURLToPath(new URL("foreign.safetensors", import.meta.url)));
  const { tensors, metadata } = decodeSafetensors(bytes);
  expect({ ...metadata }).toEqual({ format: "pt" });
  const f = Math.fround;
  expect([...tensors]).toEqual([
    ["position_ids", { dtype: "I64", shape: [1, 6], data: BigInt64Array.of(0n, 1n, 2n, 3n, 4n, 5n) }],
    ["transformer.ln_f.bias", { dtype: "F32", shape: [], data: Float32Array.of(-0.5) }],
    [
      "transformer.wpe.weight",
      { dtype: "F32", shape: [6, 4], data: Float32Array.from({ length: 24 }, (_, i) => f((i - 12) / 3)) },
    ],
    [
      "transformer.wte.weight",
      { dtype: "BF16", shape: [5, 4], data: Uint16Array.from({ length: 20 }, (_, i) => 0x3f80 + 37 * i) },
    ],
    ["lm_head.weight", { dtype: "F16", shape: [5, 4], data: expect.any(Uint16Array) }],
    ["transformer.h.0.attn.bias", { dtype: "U8", shape: [3, 3], data: Uint8Array.of(1, 0, 0, 1, 1, 0, 1, 1, 1) }],
  ]);
  const halves = tensors.get("lm_head.weight")!.data as Uint16Array;
  expect([halves[0], halves[4], halves[12], halves[19]]).toEqual([0x3e00, 0x3c00, 0, 0xbb00]); // 1.5, 1, 0, -0.875
  expect(Buffer.compare(encodeSafetensors(tensors, metadata), bytes), "written again, it is the same file").toBe(0);
});

const python = spawnSync("python3", ["-c", "print(1)"]).status === 0;
describe.skipIf(!python)(`python's struct and json${python ? "" : " (skipped: no python3)"}`, () => {
  const tensors: Record<string, TensorSource> = {
    weight: { shape: [2, 2], data: Float32Array.of(1.5, -0, 3e-45, Infinity) },
    "é中😀": { shape: [3], data: BigInt64Array.of(-1n, 2n ** 62n, 0n) },
    counts: { shape: [], data: Uint16Array.of(65535) },
  };

  test("read what is written here", () => {
    const script = `
import json, struct, sys
b = sys.stdin.buffer.read()
n, = struct.unpack("<Q", b[:8])
h = json.loads(b[8:8+n].decode("utf-8"))
kind = {"F32": "f", "I64": "q", "U16": "H"}
out = {"metadata": h.pop("__metadata__"), "aligned": n % 8}
for name, t in h.items():
    s, e = t["data_offsets"]
    out[name] = [t["dtype"], t["shape"], [str(v) for v in struct.unpack("<%d%s" % ((e - s) // struct.calcsize(kind[t["dtype"]]), kind[t["dtype"]]), b[8+n+s:8+n+e])]]
print(json.dumps(out))`;
    const out = execFileSync("python3", ["-c", script], { input: encodeSafetensors(tensors, { "a\n": "ß" }) });
    expect(JSON.parse(out.toString())).toEqual({
      metadata: { "a\n": "ß" },
      aligned: 0,
      weight: ["F32", [2, 2], ["1.5", "-0.0", "2.802596928649634e-45", "inf"]],
      "é中😀": ["I64", [3], ["-1", String(2n ** 62n), "0"]],
      counts: ["U16", [], ["65535"]],
    });
  });

  test("write what is read here", () => {
    const script = `
import json, struct, sys
h = {"a": {"dtype": "F64", "shape": [2], "data_offsets": [3, 19]}, "__metadata__": {"k": "\\u00e9\\ud83d\\ude00"}, "b": {"shape": [3], "data_offsets": [0, 3], "dtype": "I8"}}
t = json.dumps(h, indent=1).encode()
sys.stdout.buffer.write(struct.pack("<Q", len(t)) + t + struct.pack("<bbbdd", -1, 0, 127, 0.1, float("-inf")))`;
    const { metadata, tensors: read } = decodeSafetensors(execFileSync("python3", ["-c", script]));
    expect({ ...metadata }).toEqual({ k: "é😀" });
    expect([...read]).toEqual([
      ["b", { dtype: "I8", shape: [3], data: Int8Array.of(-1, 0, 127) }],
      ["a", { dtype: "F64", shape: [2], data: Float64Array.of(0.1, -Infinity) }],
    ]);
  });
});
