import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { arch, cpus, platform } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Backend } from "../../backend/backend.js";
import { backendVariable } from "../../backend/environment.js";
import { implementationName, implementations, selectBackend } from "../../backend/select.js";
import { getNumThreads } from "../../backend/threads.js";
import { scalar, simd } from "../../backend/wasm/modules.js";
import { selfCheck } from "./selfCheck.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** What is known of one implementation. */
export interface Finding {
  readonly implementation: string;
  readonly works: boolean;
  /** Whether a layer uses it unless told otherwise. */
  readonly chosen: boolean;
  /** What is wrong with its bits; null when nothing is, or when it does not work. */
  readonly wrong: string | null;
  /** How many kernels were looked at, in how many calls, where it works. */
  readonly checked?: { readonly kernels: number; readonly calls: number };
  /** Why it does not work. */
  readonly why?: string;
  /** What to do about that. */
  readonly remedy?: string;
}

/** All that `nn-embedding doctor` tells. */
export interface Diagnosis {
  readonly version: string;
  /** "Node 26.3.0": what this runs in, and its version. */
  readonly runtime: string;
  readonly platform: string;
  readonly cpu: string;
  readonly threads: number;
  /** How many of them native calls may use; null where the environment asks for what cannot be had. */
  readonly numThreads: number | null;
  /** The addons that are there, relative to the package. */
  readonly addons: readonly { readonly path: string; readonly bytes: number }[];
  /** Bytes of the WebAssembly modules inside the package. */
  readonly wasm: { readonly simd: number; readonly scalar: number };
  /** What NN_EMBEDDING_BACKEND says, or null, and why that or NN_EMBEDDING_THREADS cannot be had, or null. */
  readonly environment: { readonly value: string | null; readonly problem: string | null };
  readonly implementations: readonly Finding[];
  readonly healthy: boolean;
}

export function diagnose(): Diagnosis {
  const { chosen, ...environment } = readEnvironment();
  const findings = implementations().map((each): Finding => {
    const implementation = implementationName(each);
    if ("why" in each) {
      const { name, why } = each;
      return { implementation, works: false, chosen: false, wrong: null, why, remedy: remedyFor(name, why) };
    }
    const { wrong, ...checked } = selfCheck(each.backend);
    return { implementation, works: true, chosen: each.backend === chosen, wrong, checked };
  });
  return {
    version: JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version,
    runtime: runtimeOf(process.versions),
    platform: `${platform()} ${arch()}`,
    cpu: cpus()[0]?.model.trim() || "unknown CPU",
    threads: cpus().length,
    numThreads: environment.problem === null ? getNumThreads() : null,
    addons: findAddons(),
    wasm: { simd: Buffer.from(simd, "base64").length, scalar: Buffer.from(scalar, "base64").length },
    environment,
    implementations: findings,
    healthy: environment.problem === null && findings.every(({ wrong }) => wrong === null),
  };
}

/** What the environment asks for, and the backend that layers use here; null where it asks for what cannot be had. */
function readEnvironment(): Diagnosis["environment"] & { readonly chosen: Backend | null } {
  const value = process.env[backendVariable] || null;
  try {
    return { value, problem: null, chosen: selectBackend() };
  } catch (error) {
    return { value, problem: (error as Error).message, chosen: null };
  }
}

/** Deno and Bun tell a version of Node as well: that which they are like. */
export function runtimeOf({ deno, bun, node }: Readonly<Record<string, string | undefined>>): string {
  if (deno !== undefined) return `Deno ${deno}`;
  return bun !== undefined ? `Bun ${bun}` : `Node ${node}`;
}

/** Where remedies are taken. */
export interface Place {
  readonly checkout: boolean;
  readonly runtime: string;
  /** Paths of the addons that are there. */
  readonly addons: readonly string[];
}

function here(): Place {
  const addons = findAddons().map(({ path }) => path);
  return { checkout: existsSync(join(root, "binding.gyp")), runtime: runtimeOf(process.versions), addons };
}

/** What to do about an implementation that does not work. */
export function remedyFor(name: string, why: string, { checkout, runtime, addons }: Place = here()): string {
  if (name === "wasm") return "use a newer version of Node, started without --jitless";
  if (why.startsWith("not tried")) return `none is needed; to try it unset ${backendVariable}`;
  if (why.includes("this CPU")) return "none is needed: the others give the same bits";
  if (/addons is disabled|ERR_DLOPEN_DISABLED/.test(why)) {
    return "start node without --no-addons, and beside --permission with --allow-addons";
  }
  if (runtime.startsWith("Deno")) return "none is needed, for WebAssembly gives the same bits"; // no addon is loaded there
  const isBuilt = addons.some((path) => path.startsWith("build/")); // it is there, and still does not load
  const prebuilt = new RegExp(`^prebuilds/${platform()}(musl)?-${arch()}/`);
  if (isBuilt && addons.some((path) => prebuilt.test(path))) {
    return "delete build/Release: the prebuilt addon is then loaded again";
  }
  if (!checkout) {
    const build = platform() === "win32" ? "" : "; npx nn-embedding build compiles an addon";
    return `none is needed, for WebAssembly gives the same bits${build}`;
  }
  const missing = ["python3", "make", "g++"].filter((tool) => !isOnPath(tool));
  const last = missing.pop();
  const list = missing.length > 0 ? `${missing.join(", ")} and ${last}` : last;
  const tools = last === undefined ? "" : `install ${list}, then `;
  const stale = isBuilt ? "remove build/ and " : "";
  return `${tools}${stale}npm run build; should that fail, build/log.txt says why`;
}

function findAddons(): { path: string; bytes: number }[] {
  const prebuilt = join(root, "prebuilds");
  const folders = existsSync(prebuilt) ? readdirSync(prebuilt).map((target) => `prebuilds/${target}`) : [];
  return ["build/Release", ...folders]
    .map((folder) => `${folder}/nn_embedding.node`)
    .filter((path) => existsSync(join(root, path)))
    .map((path) => ({ path, bytes: statSync(join(root, path)).size }));
}

function isOnPath(tool: string): boolean {
  const names = platform() === "win32" ? [`${tool}.exe`, `${tool}.cmd`] : [tool];
  return (process.env.PATH ?? "")
    .split(delimiter)
    .some((folder) => names.some((name) => existsSync(join(folder, name))));
}
