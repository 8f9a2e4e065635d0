/** Files from elsewhere, and files for elsewhere. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { decodeSafetensors, encodeSafetensors, type TensorSource } from "../../src/checkpoint/index.js";

const model = fileURLToPath(new URL("../../../shared/data/model2vec/float32/model.safetensors", import.meta.url));
const modelTest = existsSync(model)
  ? "a model of the wide world"
  : `a model of the wide world (skipped: ${model.slice(-45)} is not there)`;
test.skipIf(!existsSync(model))(modelTest, () => {
  const bytes = readFileSync(model);
  const { tensors, metadata } = decodeSafetensors(bytes);
  const table = tensors.get("embeddings")!;
  expect([...tensors.keys()]).toEqual(["embeddings"]);
  expect([table.dtype, table.shape, table.data.length]).toEqual(["F32", [29528, 2], 59056]);
  expect(table.data[0]).toBe(bytes.readFloatLE(8 + 80));
  expect(table.data[59055]).toBe(bytes.readFloatLE(bytes.length - 4));
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
