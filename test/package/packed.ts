import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { gunzipSync } from "node:zlib";
import { inject } from "vitest";
import { exists, root } from "../house/sources.js";

/** The target of this machine's prebuilt addon. The tests run on glibc. */
export const target = `${process.platform}-${process.arch}`;

declare module "vitest" {
  interface ProvidedContext {
    /** The packed tarball, made by pack.mjs. */
    tarball: string;
  }
}

/** The tarball that would be published from this checkout. */
export const tarball = inject("tarball");

/** Where everything of one test file lies; whoever asks for it removes it. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "nn-embedding-package-"));
  chmodSync(folder, 0o755); // for tests that run as nobody
  return folder;
}

/** Unpacks into node_modules of a new project, as every installer does in the end; no network. Where the package lies. */
export function install(tarball: string, project: string): string {
  const at = join(project, "node_modules/nn-embedding");
  for (const { path, mode, bytes } of readTarball(tarball)) {
    mkdirSync(dirname(join(at, path)), { recursive: true });
    writeFileSync(join(at, path), bytes, { mode });
  }
  return at;
}

/** The files of a tarball as npm makes it: paths without "package/" before them. */
export function readTarball(tarball: string): { path: string; mode: number; bytes: Uint8Array }[] {
  const tar = gunzipSync(readFileSync(tarball));
  const files = [];
  for (let at = 0; tar[at] !== 0; ) {
    const text = (from: number, length: number): string =>
      tar.toString("utf8", at + from, at + from + length).replace(/\0.*/s, "");
    const size = Number.parseInt(text(124, 12), 8);
    if (text(156, 1) !== "0") throw new Error(`${tarball}: ${text(0, 100)} is no plain file`);
    const bytes = tar.subarray(at + 512, at + 512 + size);
    const path = [text(345, 155), text(0, 100)].filter((each) => each !== "").join("/"); // of a long path the front lies apart
    files.push({ path: path.replace("package/", ""), mode: Number.parseInt(text(100, 8), 8), bytes });
    at += 512 * (1 + Math.ceil(size / 512));
  }
  return files;
}

/** The addon of an unpacked package that this machine loads: the prebuilt one, or this checkout's own beside it. null without either. */
export function findAddon(at: string): string | null {
  const prebuilt = join(at, `prebuilds/${target}/nn_embedding.node`);
  if (existsSync(prebuilt)) return prebuilt;
  const own = "build/Release/nn_embedding.node";
  if (exists(own)) {
    mkdirSync(join(at, "build/Release"), { recursive: true });
    cpSync(root + own, join(at, own));
  }
  return exists(own) ? join(at, own) : null;
}

/** What the script of {@link report} tells. */
export interface Report {
  readonly chosen: string;
  /** By implementation: why it does not work. */
  readonly whys: Readonly<Record<string, string>>;
  /** What forcing "native" and "wasm" ends in: an implementation, or the error's text. */
  readonly forced: Readonly<Record<string, string>>;
  /** Of a seeded table's rows and a product of them. */
  readonly bits: number;
}

const tell = `
export function tell({ Embedding, Unembedding, backends, manualSeed }) {
  const all = backends();
  const force = (backend) => {
    try {
      return new Embedding(2, 2, { backend }).weight.implementation;
    } catch (error) {
      return String(error.stack).split("\\n", 1)[0];
    }
  };
  manualSeed(1);
  const table = new Embedding(500, 64);
  const rows = table.forward(Array.from({ length: 200 }, (_, i) => (i * 7) % 500));
  const logits = new Unembedding(table.weight).forward(rows.slice(0, 64 * 20));
  let bits = 0;
  for (const word of new Uint32Array(logits.buffer, logits.byteOffset, logits.length)) bits = (bits * 31 + word) >>> 0;
  const chosen = all.find((each) => each.chosen);
  return {
    chosen: chosen.name + ":" + chosen.isa,
    whys: Object.fromEntries(all.filter((each) => !each.supported).map((each) => [each.name + ":" + each.isa, each.why])),
    forced: { native: force("native"), wasm: force("wasm") },
    bits,
  };
}`;

/** A module that gives `tell`, which makes a {@link Report} of a copy of the package. */
export const tellModule = `data:text/javascript,${encodeURIComponent(tell)}`;

const nobody = { uid: 65534, gid: 65534 };
const isRoot = process.getuid?.() === 0;

/** Why {@link RunOptions.asNobody} is not to be had; undefined where it is. */
export const whyNotNobody =
  isRoot && spawnSync(process.execPath, ["-e", ""], nobody).status !== 0
    ? `nobody may not run ${process.execPath}`
    : undefined;

export interface RunOptions {
  readonly flags?: readonly string[];
  /** Whether root becomes nobody, whom modes of files bind. */
  readonly asNobody?: boolean;
}

/** Runs an ES module in a project, in a process of its own; what it prints last, as JSON. Throws what it says when it fails. */
export function runModule<Result>(
  project: string,
  code: string,
  { flags = [], asNobody = false }: RunOptions = {},
): Result {
  const env = { ...process.env, NODE_OPTIONS: "", NN_EMBEDDING_BACKEND: "" };
  const options = { cwd: project, env, encoding: "utf8", ...(asNobody && isRoot ? nobody : {}) } as const;
  const ran = spawnSync(process.execPath, [...flags, "--input-type=module", "-e", code], options);
  if (ran.status !== 0) throw new Error(`ended with ${ran.signal ?? ran.status}: ${ran.stderr}`);
  return JSON.parse(ran.stdout.trim().split("\n").at(-1)!) as Result;
}

/** What an installed package tells in a process of its own. `before` runs before it is imported. */
export function report(project: string, { before = "", ...options }: RunOptions & { before?: string } = {}): Report {
  const code = `${before};
    const { tell } = await import(${JSON.stringify(tellModule)});
    console.log(JSON.stringify(tell(await import("nn-embedding"))));`;
  return runModule<Report>(project, code, options);
}

export function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
