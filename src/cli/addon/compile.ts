/** From sources to an addon with a C++ compiler and headers: no node-gyp, no python, no make. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import process from "node:process";
import { rangeError } from "../../errors.js";
import { findCompiler, runCompiler } from "./compiler.js";
import { readRecipe } from "./recipe.js";

/** What a prebuilt addon must not take from the machine it is made on. */
const prebuiltFlags = ["-U_FORTIFY_SOURCE", "-fno-stack-protector"];

/**
 * For musl the compiler is glibc's, and the C library is not named: its few functions, which have the same shape in both, are those of
 * the process. (By name musl would take glibc's for its own; Bun's build for musl refuses it.) Of the C++ library only `operator delete`
 * is taken, which node-addon-api's destructors name and which is nothing but free.
 */
const prebuiltFor: Readonly<Record<string, { readonly compile: readonly string[]; readonly link: readonly string[] }>> =
  {
    linux: { compile: ["-include", "native/oldGlibc.h"], link: ["-pthread"] },
    linuxmusl: { compile: [], link: ["-nostdlib", "-l:libstdc++.a", "-lgcc"] },
  };

/** x64: thread-local memory without a library of the loader's, whose name musl does not know; arm64: atomics without asking glibc. */
const prebuiltOn: Readonly<Record<string, readonly string[]>> = {
  x64: ["-mtls-dialect=gnu2"],
  arm64: ["-mno-outline-atomics"],
};

/** The signals by which a process is ended from outside. */
const endings: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

export interface Compilation {
  /** The root of the package. */
  readonly root: string;
  /** "linux-x64", as Node names systems and architectures. */
  readonly target: string;
  /** Where the addon goes, from the root. */
  readonly out: string;
  /** Whether it is for other machines too. */
  readonly isPrebuilt: boolean;
}

/**
 * Compiles and links. What lies there half made is removed in every case: a signal that ends the process waits for that.
 *
 * @throws RangeError [ERR_BACKEND_UNSUPPORTED] a tool is missing, or the compiler says no: what it said is then on stderr.
 */
export async function compile({ root, target, out, isPrebuilt }: Compilation): Promise<void> {
  const [system, architecture] = target.split("-");
  const prebuilt = isPrebuilt ? prebuiltFor[system] : { compile: [], link: ["-pthread"] };
  const compiler = findCompiler(target);
  const headers = findHeaders(root);
  const { sources, linkFlags } = readRecipe(root, system === "darwin" ? "mac" : "linux", architecture);
  const shared = [
    ...headers.map((each) => `-I${each}`),
    "-DBUILDING_NODE_EXTENSION",
    "-ffunction-sections",
    "-fdata-sections",
  ];
  if (isPrebuilt) shared.push(...prebuiltFlags, ...prebuilt.compile);
  if (isPrebuilt) shared.push(...(prebuiltOn[architecture] ?? []));
  const beside = join(root, dirname(out));
  mkdirSync(beside, { recursive: true });
  const folder = mkdtempSync(join(beside, "making-")); // where it can be renamed from: nobody loads half an addon
  const stop = new AbortController(); // for the first reason there is
  const interrupt = (signal: NodeJS.Signals): void => stop.abort(signal);
  for (const signal of endings) process.on(signal, interrupt);
  try {
    const run = (source: string, made: string, parameters: readonly string[]): Promise<void> =>
      runCompiler(compiler, { parameters, folder: root, source, made, signal: stop.signal }).catch((error) =>
        stop.abort(error),
      );
    const objects = sources.map(({ path }) => join(folder, `${path.replaceAll("/", "_")}.o`));
    const waiting = sources.map(({ path, flags }, i) => ({ path, object: objects[i], flags }));
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined && !stop.signal.aborted; next = waiting.shift()) {
        const { path, object, flags } = next;
        await run(path, object, ["-c", path, "-o", object, ...shared, ...flags]);
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, work));
    stop.signal.throwIfAborted();
    const made = join(folder, basename(out));
    const kind = system === "darwin" ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared", "-Wl,--as-needed"];
    await run("its objects", made, [...kind, "-o", made, ...objects, ...linkFlags, ...prebuilt.link]);
    stop.signal.throwIfAborted();
    renameSync(made, join(root, out));
  } finally {
    for (const signal of endings) process.off(signal, interrupt);
    rmSync(folder, { recursive: true, force: true });
    if (endings.includes(stop.signal.reason)) process.kill(process.pid, stop.signal.reason);
  }
}

/** Where node_api.h and napi.h are. */
function findHeaders(root: string): readonly string[] {
  const ofNode = [process.env.npm_config_nodedir, join(dirname(process.execPath), "..")]
    .filter((each) => each !== undefined)
    .map((each) => join(each, "include/node"));
  return [findHeader("node_api.h", ofNode, "node-api-headers", root), findHeader("napi.h", [], "node-addon-api", root)];
}

/** The folder of a header: one of these, or that of a package which is there for it, beside this one or where the user is. */
function findHeader(header: string, folders: readonly string[], name: string, root: string): string {
  const candidates = [...folders];
  for (const from of [root, process.cwd()]) {
    try {
      const { include_dir } = createRequire(join(from, "package.json"))(name) as { include_dir: string };
      candidates.push(resolve(include_dir));
    } catch {} // not installed
  }
  const found = candidates.find((folder) => existsSync(join(folder, header)));
  if (found === undefined) {
    const where = candidates.length > 0 ? ` in ${candidates.join(", ")}` : "";
    throw rangeError("ERR_BACKEND_UNSUPPORTED", `no ${header}${where}: npm install ${name} brings it`);
  }
  return found;
}
