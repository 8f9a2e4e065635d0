import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { implementations, selectBackend } from "../src/backend/select.js";
import type { Case } from "../src/cli/bench/case.js";
import { bagsCase } from "../src/cli/bench/families/bags.js";
import { backwardBags } from "../src/cli/bench/families/bagsBackward.js";
import { gatherCase } from "../src/cli/bench/families/gather.js";
import { lossCase } from "../src/cli/bench/families/loss.js";
import { productCase } from "../src/cli/bench/families/matmul.js";
import { scatterCase } from "../src/cli/bench/families/scatterAdd.js";
import { stepCase } from "../src/cli/bench/families/step.js";
import { topKCase } from "../src/cli/bench/families/topK.js";
import type { Effort } from "../src/cli/bench/measure.js";
import { somePlaces } from "../src/cli/bench/peers/job.js";
import { toOnnxJob } from "../src/cli/bench/peers/onnxJobs.js";
import { encodeModel } from "../src/cli/bench/peers/onnxModel.js";
import { Peers, peerIds } from "../src/cli/bench/peers/peers.js";
import { runCase } from "../src/cli/bench/run.js";

const glance: Effort = { warmUpSeconds: 0, sampleSeconds: 0, budgetSeconds: 0, fewest: 1, most: 1 };
const rows = { rows: 50, dim: 7, batch: 9 };
const cases: readonly Case[] = [
  gatherCase("gather", "gather", "", { ...rows, ids: "zipf" }),
  ...(["sum", "mean", "max", "weighted"] as const).map((mode) => bagsCase(mode, "", { ...rows, ids: "uniform", mode })),
  backwardBags("bags, backward", "", { ...rows, bagSize: 5, ids: "zipf" }),
  productCase("NT", "", { layout: "NT", m: 13, n: 77, k: 25 }),
  productCase("one row", "", { layout: "NT", m: 1, n: 77, k: 25 }),
  productCase("NN", "", { layout: "NN", m: 13, n: 77, k: 25 }),
  ...(["kernel", "dense", "sparse"] as const).map((to) => scatterCase(to, "", { ...rows, ids: "zipf", to })),
  stepCase("SparseAdam", "", { ...rows, optimizer: "SparseAdam" }),
  stepCase("Adam", "", { ...rows, batch: 50, optimizer: "Adam" }),
  lossCase("loss", "", { n: 9, rows: 50, dim: 7 }),
  topKCase("top-k", "", { n: 9, rows: 50, dim: 7, k: 3 }),
];

/** What each peer has means for: others of these cases it leaves out. */
const able: Readonly<Record<string, readonly string[]>> = {
  torch: cases.map(({ name }) => name),
  numpy: ["gather", "sum", "mean", "max", "weighted", "NT", "one row", "NN", "kernel", "top-k"],
  "onnxruntime-node": ["gather", "sum", "mean", "max", "weighted", "NT", "one row", "NN", "top-k"],
  "onnxruntime-web": ["gather", "sum", "mean", "max", "weighted", "NT", "one row", "NN", "top-k"],
  "tfjs-wasm": ["gather", "sum", "mean", "max", "NT", "one row", "NN", "dense", "top-k"],
};

describe("peers", () => {
  // Packages that are not beside this one are looked for where the environment says.
  const folder = process.env.NN_EMBEDDING_PEERS;

  test.for(peerIds)("%s does the same work as ours, where it is installed", async (id, context) => {
    const peers = await Peers.start(1, folder, [id]);
    try {
      if (peers.all.length === 0) {
        expect(peers.missing).toHaveLength(1);
        expect(peers.describe(1)).toEqual([`Not installed: ${peers.missing[0]}.`]);
        return context.skip();
      }
      const [peer] = peers.all;
      expect(peer).toMatchObject({ id, name: expect.stringMatching(/ \d+\.\d+\.\d+$/) });
      const done: string[] = [];
      for (const timedCase of cases) {
        const plan = { implementations: [selectBackend("js")], effort: glance, threads: 1, plain: false, peers };
        const found = (await runCase(timedCase, plan)).rows.find(({ kind }) => kind === "peer");
        if (found === undefined) continue;
        expect(found).toMatchObject({ label: peer.name, peer: id, timesPeer: 1 });
        expect(found.median).toBeGreaterThan(0);
        done.push(timedCase.name);
      }
      expect(done).toEqual(able[id]);
    } finally {
      peers.dispose();
    }
  });

  test("that give other values are refused", async () => {
    const peers = await Peers.start(1, folder, ["numpy"]);
    try {
      const [peer] = peers.all;
      if (peer === undefined) return;
      const { job, dispose } = cases[0].prepare([selectBackend("js")], { plain: false, threads: 1 });
      dispose();
      const wrong = { ...job!, expected: Array.from(job!.expected, (value) => value + 1) };
      await expect(peer.load("gather", wrong)).rejects.toThrow(
        /^gather: NumPy \S+: out\[0\] is \S+ \(0x[0-9a-f]{8}\), expected /,
      );
      expect(await peer.load("gather", { ...job!, op: "unheardOf" })).toBe("no unheardOf");
      const broken = { ...job!, sizes: {} };
      expect(await peer.load("gather", broken)).toEqual(expect.any(String));
      expect(await peer.load("gather", job!)).toMatchObject({ label: peer.name });
    } finally {
      peers.dispose();
    }
  });

  test("are looked for beside the folder that is told", async () => {
    const empty = mkdtempSync(join(tmpdir(), "bench-peers-"));
    try {
      cpSync(new URL("../package.json", import.meta.url), join(empty, "package.json"));
      await expect(Peers.start(1, join(empty, "none"))).rejects.toMatchObject({ code: "ERR_OUT_OF_RANGE" });
      const peers = await Peers.start(1, empty, ["onnxruntime-web"]);
      expect([...peers.all.map(({ id }) => id), ...peers.missing]).toEqual(["onnxruntime-web"]);
      peers.dispose();
    } finally {
      rmSync(empty, { recursive: true });
    }
  });
});

describe("places", () => {
  test("are all of a few, and of many the first, the last and some between", () => {
    expect(somePlaces(3)).toEqual([0, 1, 2]);
    expect(somePlaces(101, 5)).toEqual([0, 25, 50, 75, 100]);
  });
});

describe("ONNX", () => {
  /** A reader of protocol buffers: fields by number, in their order, numbers and bytes. */
  function decode(bytes: Uint8Array): [number, number | Uint8Array][] {
    const fields: [number, number | Uint8Array][] = [];
    let at = 0;
    const varint = (): number => {
      for (let value = 0, scale = 1; ; scale *= 128) {
        const group = bytes[at++];
        value += (group & 127) * scale;
        if (group < 128) return value;
      }
    };
    while (at < bytes.length) {
      const tag = varint();
      const value = varint();
      if ((tag & 7) === 0) fields.push([tag >>> 3, value]);
      else {
        expect(tag & 7).toBe(2);
        fields.push([tag >>> 3, bytes.subarray(at, at + value)]);
        at += value;
      }
    }
    expect(at).toBe(bytes.length);
    return fields;
  }
  const all = (bytes: number | Uint8Array, field: number): (number | Uint8Array)[] =>
    decode(bytes as Uint8Array).flatMap(([number, value]) => (number === field ? [value] : []));
  const text = (bytes: number | Uint8Array): string => new TextDecoder().decode(bytes as Uint8Array);

  test("models have the fields of onnx.proto", () => {
    const data = Float32Array.from({ length: 150 }, (_, i) => i);
    const model = encodeModel({
      nodes: [{ op: "Gather", inputs: ["table", "ids"], outputs: ["out"], attributes: { axis: 0, axes: [1, 300] } }],
      constants: [{ name: "table", type: "float32", dims: [50, 3], data }],
      inputs: [{ name: "ids", type: "int32", dims: [200] }],
      outputs: [{ name: "out", type: "float32", dims: [200, 3] }],
    });
    expect(all(model, 1)).toEqual([8]); // ir_version
    expect(all(all(model, 8)[0], 2)).toEqual([17]); // opset_import
    const [graph] = all(model, 7);
    const [node] = all(graph, 1);
    expect(all(node, 1).map(text)).toEqual(["table", "ids"]);
    expect(all(node, 2).map(text)).toEqual(["out"]);
    expect(all(node, 4).map(text)).toEqual(["Gather"]);
    const [axis, axes] = all(node, 5);
    expect([all(axis, 1).map(text), all(axis, 3), all(axis, 20)]).toEqual([["axis"], [0], [2]]);
    expect([all(axes, 1).map(text), all(axes, 8), all(axes, 20)]).toEqual([["axes"], [1, 300], [7]]);
    const [tensor] = all(graph, 5);
    expect([all(tensor, 1), all(tensor, 2), all(tensor, 8).map(text)]).toEqual([[50, 3], [1], ["table"]]);
    const raw = all(tensor, 9)[0] as Uint8Array;
    expect(new Float32Array(raw.slice().buffer)).toEqual(data);
    const [input] = all(graph, 11);
    const [type] = all(all(input, 2)[0], 1);
    expect([all(input, 1).map(text), all(type, 1)]).toEqual([["ids"], [6]]);
    expect(all(all(type, 2)[0], 1).map((dim) => all(dim, 1))).toEqual([[200]]);
    expect(all(all(graph, 12)[0], 1).map(text)).toEqual(["out"]);
  });

  test("a table that is too large for a model is fed to it", () => {
    const { job, dispose } = cases[0].prepare([selectBackend("js")], { plain: false, threads: 1 });
    dispose();
    expect(Object.keys(toOnnxJob(job!)!.arrays)).toEqual(["model", "ids"]);
    const large = new Float32Array(0);
    Object.defineProperty(large, "byteLength", { value: 2e9 });
    const fed = toOnnxJob({ ...job!, arrays: { ...job!.arrays, table: large } })!;
    expect(Object.keys(fed.arrays)).toEqual(["model", "table", "ids"]);
    expect(fed.sizes).toMatchObject({
      feeds: [
        { name: "table", dims: [50, 7] },
        { name: "ids", type: "int32" },
      ],
    });
    expect(toOnnxJob({ ...job!, op: "loss" })).toBeUndefined();
  });
});

test("every implementation has the job of a case", () => {
  for (const each of implementations()) {
    if (!("backend" in each)) continue;
    const prepared = cases[0].prepare([each.backend], { plain: false, threads: 1 });
    expect(prepared.job).toMatchObject({ op: "gather", sizes: rows });
    prepared.dispose();
  }
});
