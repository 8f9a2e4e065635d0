/**
 * node test/runtimes/compare.mjs [--markdown]: what it takes to install nn-embedding and its peers, and how long a process needs from its
 * start to the first lookup (64 rows of 64 floats), all in one run. Installed without scripts, npm's cache filled by an install before;
 * processes interleaved, medians. Nothing is asserted.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { argv, execPath } from "node:process";
import { pack } from "../package/pack.mjs";
import { gatherModel } from "./gatherModel.mjs";
import { run } from "./support.mjs";
import { printTable } from "./table.mjs";

const rounds = 9;
const folder = mkdtempSync(join(tmpdir(), "nn-embedding-compare-"));
const model = join(folder, "gather.onnx");

const ours = (backend) => `
  import { Embedding } from "nn-embedding";
  const table = Embedding.fromPretrained(new Float32Array(4096).fill(1), { embeddingDim: 64, backend: "${backend}" });
  console.log(table.forward(Uint32Array.from({ length: 64 }, (_, i) => i)).length);`;

const onnx = (name) => `
  import * as ort from "${name}";
  import { readFileSync } from "node:fs";
  const session = await ort.InferenceSession.create(readFileSync(${JSON.stringify(model)}));
  const table = new ort.Tensor("float32", new Float32Array(4096).fill(1), [64, 64]);
  const ids = new ort.Tensor("int64", BigInt64Array.from({ length: 64 }, (_, i) => BigInt(i)), [64]);
  console.log((await session.run({ table, ids })).rows.data.length);
  process.exit();`; // its workers would keep the process

const tensorflow = `
  import * as tf from "@tensorflow/tfjs";
  const table = tf.tensor2d(new Float32Array(4096).fill(1), [64, 64]);
  console.log(tf.gather(table, tf.tensor1d(Array.from({ length: 64 }, (_, i) => i), "int32")).dataSync().length);`;

const silenced = "console.warn = () => {}; console.info = () => {};";

try {
  writeFileSync(model, gatherModel());
  const peers = [
    { name: "nn-embedding", from: pack(folder), programs: { native: ours("native"), WebAssembly: ours("wasm") } },
    { name: "onnxruntime-node", from: "onnxruntime-node@1.30.0", programs: { native: onnx("onnxruntime-node") } },
    { name: "onnxruntime-web", from: "onnxruntime-web@1.30.0", programs: { WebAssembly: onnx("onnxruntime-web") } },
    { name: "@tensorflow/tfjs", from: "@tensorflow/tfjs@4.22.0", programs: { JavaScript: `${silenced}${tensorflow}` } },
  ];
  for (const peer of peers) measureInstall(peer);
  const starts = peers.flatMap(({ name, project, programs }) =>
    Object.entries(programs).map(([kind, code]) => ({ name, kind, project, code, times: [] })),
  );
  const bare = { name: "Node alone", kind: "", project: folder, code: "console.log(4096)", times: [] };
  for (let round = -1; round < rounds; round++) {
    for (const each of [bare, ...starts]) {
      const time = startOf(each);
      if (round >= 0) each.times.push(time);
    }
  }
  const rows = starts.map(({ name, kind, times }) => {
    const { seconds, bytes, files } = peers.find((peer) => peer.name === name);
    return [
      name,
      `${seconds.toFixed(1)} s`,
      `${(bytes / 1e6).toFixed(1)} MB`,
      `${files}`,
      kind,
      `${median(times).toFixed(0)} ms`,
    ];
  });
  rows.push([bare.name, "", "", "", "", `${median(bare.times).toFixed(0)} ms`]);
  const head = ["package", "install", "on disk", "files", "backend", "start to first lookup"];
  printTable(head, rows, argv.includes("--markdown"));
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** Installs once to fill the cache, then into a fresh project; all that lies in its node_modules counts. */
function measureInstall(peer) {
  for (const i of [0, 1]) {
    peer.project = join(folder, `${peer.name.replace(/\W+/g, "-")}-${i}`);
    mkdirSync(peer.project);
    writeFileSync(join(peer.project, "package.json"), '{ "private": true, "type": "module" }');
    const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", peer.from];
    const start = performance.now();
    run("npm", args, { cwd: peer.project });
    peer.seconds = (performance.now() - start) / 1000;
  }
  const all = readdirSync(join(peer.project, "node_modules"), { recursive: true, withFileTypes: true });
  const files = all.filter((entry) => entry.isFile());
  peer.files = files.length;
  peer.bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

/** Milliseconds from the start of a process until it printed what its first lookup gave. */
function startOf({ name, project, code }) {
  const start = performance.now();
  const { stdout, stderr } = spawnSync(execPath, ["--input-type=module", "-e", code], {
    cwd: project,
    encoding: "utf8",
  });
  const time = performance.now() - start;
  if (stdout.trim().split("\n").at(-1) !== "4096") throw new Error(`${name}: ${stdout}${stderr}`);
  return time;
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}
