import { statSync } from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { rangeError, show } from "../../../errors.js";
import type { Task } from "../measure.js";
import type { Job } from "./job.js";
import { toOnnxJob } from "./onnxJobs.js";
import { Peer } from "./peer.js";

/** Who can be asked: what goals and options call them. */
export const peerIds = ["torch", "numpy", "onnxruntime-node", "onnxruntime-web", "tfjs-wasm"] as const;
export type PeerId = (typeof peerIds)[number];

/** Their names, to which a table adds the version. */
export const peerNames: Readonly<Record<PeerId, string>> = {
  torch: "PyTorch",
  numpy: "NumPy",
  "onnxruntime-node": "onnxruntime-node",
  "onnxruntime-web": "onnxruntime-web",
  "tfjs-wasm": "tfjs-wasm",
};

/** How often a peer holds what it is given: in Node once where it is read, and once where it is computed with. */
export function copiesOf(id: string): number {
  return id === "torch" || id === "numpy" ? 1 : 2;
}

/** The first that has the library is taken: the one on the path may be another than the system's. */
const interpreters = ["python3", "/usr/bin/python3"];

const inPython = fileURLToPath(new URL("peer.py", import.meta.url));
const inNode = fileURLToPath(new URL("peer.mjs", import.meta.url));

/** Those that are installed here, each in a process of its own, and the names of the others. */
export class Peers {
  readonly all: readonly Peer[];
  readonly missing: readonly string[];

  private constructor(all: readonly Peer[], missing: readonly string[]) {
    this.all = all;
    this.missing = missing;
  }

  /**
   * Starts all that are installed: packages beside the caller's project, beside this package or in `folder`, libraries of python3.
   *
   * @throws RangeError [ERR_OUT_OF_RANGE] when there is no such folder.
   */
  static async start(threads: number, folder?: unknown, ids: readonly PeerId[] = peerIds): Promise<Peers> {
    if (folder !== undefined && !statSync(String(folder), { throwIfNoEntry: false })?.isDirectory()) {
      throw rangeError(
        "ERR_OUT_OF_RANGE",
        `--peers-from is ${show(folder)}, expected a folder with node_modules in it`,
      );
    }
    const started = await Promise.all(
      ids.map((id) => startOne(id, threads, folder === undefined ? [] : [String(folder)])),
    );
    return new Peers(
      started.filter((peer) => peer !== undefined),
      ids.filter((_, i) => started[i] === undefined).map((id) => peerNames[id]),
    );
  }

  /** The job as tasks of those who can do it, or those of them who are asked for, one after the other. */
  async load(
    where: string,
    job: Job,
    ids: readonly string[] = peerIds,
  ): Promise<{ readonly peer: Peer; readonly task: Task }[]> {
    const tasks: { peer: Peer; task: Task }[] = [];
    for (const peer of this.all) {
      if (!ids.includes(peer.id)) continue;
      const own = peer.id.startsWith("onnxruntime") ? toOnnxJob(job) : job;
      const task = own === undefined ? "no such operation" : await peer.load(where, own);
      if (typeof task !== "string") tasks.push({ peer, task });
    }
    return tasks;
  }

  /** Sentences: who takes part, how, and who is not installed. */
  describe(threads: number): string[] {
    const each = this.all.map(({ name, blas }) => (blas === undefined ? name : `${name} (${blas})`));
    const many = threads === 1 ? "one thread" : `${threads} threads`;
    return [
      ...(each.length > 0 ? [`Peers, each in a process of its own, ${many}: ${each.join(", ")}.`] : []),
      ...(this.missing.length > 0 ? [`Not installed: ${this.missing.join(", ")}.`] : []),
    ];
  }

  dispose(): void {
    for (const peer of this.all) peer.dispose();
  }
}

async function startOne(id: PeerId, threads: number, folders: readonly string[]): Promise<Peer | undefined> {
  const title = peerNames[id];
  if (id !== "torch" && id !== "numpy") {
    const from = [
      ...folders.map((folder) => resolve(folder)),
      process.cwd(),
      fileURLToPath(new URL(".", import.meta.url)),
    ];
    return Peer.start(id, title, { command: process.execPath, args: [inNode, id, String(threads), ...from] });
  }
  const count = String(threads);
  // Every BLAS that Python may come with is told to use as many threads as our kernels do.
  const env = { OPENBLAS_NUM_THREADS: count, OMP_NUM_THREADS: count, MKL_NUM_THREADS: count, BLIS_NUM_THREADS: count };
  for (const command of interpreters) {
    const peer = await Peer.start(id, title, { command, args: [inPython, id, count], env });
    if (peer !== undefined) return peer;
  }
  return undefined;
}
