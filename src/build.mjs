/**
 * Sets up whatever is missing or older than what it is made from: `npm ci`, the native addon, the WASM modules, dist/.
 * `npm start`, `npm test` and `npm pack` begin here, so it uses nothing but Node itself.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);
const isWindows = process.platform === "win32";

if (!existsSync("node_modules/.package-lock.json")) {
  run("npm", ["ci", "--no-audit", "--no-fund"], "installing dependencies");
}
buildNative();
if (isOlder("src/backend/wasm/modules.ts", ["assembly"]))
  run("node", ["assembly/build.mjs"], "compiling AssemblyScript");
if (isOlder("dist/index.js", ["src", "tsconfig.json", "package.json", "binding.gyp", "prebuilds"])) {
  rmSync("dist", { recursive: true, force: true });
  run("node", ["node_modules/typescript/bin/tsc"], "compiling TypeScript");
  const peers = ["peer.py", "peer.mjs", "onnxRuntime.mjs", "tensorFlow.mjs"].map((file) => `cli/bench/peers/${file}`);
  for (const file of ["cli/train/genesis.txt", ...peers]) cpSync(`src/${file}`, `dist/${file}`);
  cpSync("binding.gyp", "dist/cli/addon/binding.gyp"); // in the root of a package npm would run node-gyp on it
  cpSync("assembly/build/simd.wasm", "dist/backend/wasm/simd.wasm"); // for doors that cannot compile bytes
  nameOnlyWhatIsThere();
  await bundleDoors();
}

/** The addon is a gain, not a need: without the tools to build it everything works on WebAssembly, and one line says so. */
function buildNative() {
  if (!isOlder("build/Release/nn_embedding.node", ["native", "binding.gyp"])) return;
  const missing = ["python3", "make", "g++"].filter((tool) => !isOnPath(tool));
  if (missing.length > 0) {
    console.log(`native addon: not built (no ${missing.join(", no ")}); WebAssembly is used instead`);
    return;
  }
  console.log("compiling the native addon");
  // `npm exec` hands node-gyp npm's settings, such as where Node's headers are.
  const command = ["exec", "--", "node-gyp", "rebuild", "--jobs", "max"];
  const built = spawnSync("npm", command, { encoding: "utf8", shell: isWindows });
  if (built.status === 0) return;
  mkdirSync("build", { recursive: true });
  writeFileSync("build/log.txt", `${built.stdout}${built.stderr}${built.error ?? ""}`);
  console.log("native addon: the build failed, build/log.txt says why; WebAssembly is used instead");
}

/** Bundlers refuse a file that is named and not there: dist names only those prebuilt addons that were made. */
function nameOnlyWhatIsThere() {
  const path = "dist/backend/loadAddon.js";
  const named = /^ *case "[\w-]+":\n.*new URL\("\.\.\/\.\.\/(prebuilds\/.*?)".*\n/gm;
  writeFileSync(
    path,
    readFileSync(path, "utf8").replace(named, (lines, file) => (existsSync(file) ? lines : "")),
  );
}

/** Without esbuild the checkout works all the same; `npm pack` refuses. */
async function bundleDoors() {
  const { bundle } = await import("./bundle.mjs");
  const missing = await bundle();
  if (missing !== undefined) console.log(missing);
}

function run(command, args, what) {
  console.log(what);
  const { status, error } = spawnSync(command, args, { stdio: "inherit", shell: isWindows && command === "npm" });
  if (status !== 0) {
    console.error(`${what} failed${error ? `: ${error.message}` : ""}`);
    process.exit(status ?? 1);
  }
}

/** Whether a made file is missing or older than anything it is made from. */
export function isOlder(made, sources) {
  if (!existsSync(made)) return true;
  const time = statSync(made).mtimeMs;
  return sources.some((source) => newest(source) > time);
}

/** The time of the latest change in a folder; its own counts too, for that is when a file in it was deleted. */
function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  const inside = readdirSync(path).filter((name) => name !== "build"); // assembly/build is made
  return Math.max(stat.mtimeMs, ...inside.map((name) => newest(join(path, name))));
}

function isOnPath(tool) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, tool)));
}
