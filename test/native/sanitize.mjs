/**
 * Sanitizers of the compiler, over native code. They run on what is compiled anew under build/, never on the addon in use.
 *
 *     node test/native/sanitize.mjs thread     hammer.cpp: the pool of threads and the kernels, from several callers at once; leases.cpp: tables' memory
 *     node test/native/sanitize.mjs address    the native half of test/conformance, and of the tests that hold memory from one call to the next
 *
 * Where the compiler or its runtime is missing one loud line says so, and nothing fails, unless CI is set.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
process.chdir(root);
const runs = { thread, address };
const [kind] = process.argv.slice(2);
if (!Object.hasOwn(runs, kind))
  throw new RangeError(`the sanitizer is ${kind}, expected ${Object.keys(runs).join(" or ")}`);
runs[kind]();

/** Races: programs that are compiled to tell of each access to memory. */
function thread() {
  needRuntime("libtsan.so");
  const isX64 = process.arch === "x64";
  hammer("400", [
    ["test/native/hammer.cpp", isX64 ? ["-DHAMMER_AVX2"] : []],
    ["native/threads.cpp", []],
    ["native/scratch.cpp", []],
    ["native/isa/baseline.cpp", []],
    ...(isX64 ? [["native/isa/avx2.cpp", ["-mavx2"]]] : []),
  ]);
  const nodeHeaders = join(
    JSON.parse(readFileSync("build/config.gypi", "utf8").replace(/^#.*/gm, "")).variables.nodedir,
    "include/node",
  );
  hammer(
    "100000",
    ["test/native/leases.cpp", "native/lease.cpp"].map((source) => [source, ["-I", nodeHeaders]]),
  );
}

/** Compiles a program of these sources, the first of which names it, and runs it for so many rounds. */
function hammer(rounds, sources) {
  const folder = join(root, "build", "tsan");
  mkdirSync(folder, { recursive: true });
  const flags = ["-std=c++20", "-O1", "-g", "-fno-exceptions", "-fno-rtti", "-ffp-contract=off", "-fsanitize=thread"];
  const objects = sources.map(([source, more]) => {
    const object = join(folder, `${source.replaceAll("/", ".")}.o`);
    run("g++", [...flags, ...more, "-c", source, "-o", object]);
    return object;
  });
  const program = objects[0].replace(".cpp.o", "");
  run("g++", ["-fsanitize=thread", ...objects, "-lpthread", "-o", program]);
  run(program, [rounds], { TSAN_OPTIONS: "halt_on_error=1" });
}

/** Reads and writes outside of what was allocated, or of what was freed: the addon, instrumented, takes part in the tests. */
function address() {
  const runtime = needRuntime("libasan.so");
  const folder = join(root, "build", "asan");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const stripped = readFileSync("binding.gyp", "utf8");
  writeFileSync(join(folder, "binding.gyp"), stripped.replace(', "-s"', "")); // reports name functions
  for (const name of ["native", "node_modules"]) symlinkSync(join(root, name), join(folder, name));
  const instrument = "-O1 -g -fno-omit-frame-pointer -fsanitize=address";
  const environment = { CXXFLAGS: instrument, LDFLAGS: "-fsanitize=address" };
  run("npm", ["exec", "--", "node-gyp", "rebuild", "--silent", "--jobs", "max", "--directory", folder], environment);
  const holding = ["async", "offTheLoop", "turns", "inUse"].map((name) => `test/${name}.test.ts`);
  const names = "^(?!.*rows of 768).*(native:|the addon)"; // rows of 64 end alike, and take a tenth of the time
  const chosen = ["test/conformance", ...holding, "-t", names, "--maxWorkers", "2"];
  run(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...chosen], {
    LD_PRELOAD: runtime,
    ASAN_OPTIONS: "detect_leaks=0:allocator_may_return_null=1",
    NODE_OPTIONS: `--import ${pathToFileURL("test/native/otherAddon.mjs")}`,
    NN_EMBEDDING_TEST_ADDON: join(folder, "build", "Release", "nn_embedding.node"),
  });
}

/** Where the compiler keeps this library; leaves where it has none. */
function needRuntime(library) {
  const { stdout = "" } = spawnSync("g++", [`-print-file-name=${library}`], { encoding: "utf8" });
  const path = (stdout ?? "").trim();
  if (path !== library && existsSync(path)) return path;
  console.log(`SKIPPED: the ${kind} sanitizer needs g++ with ${library}, and it is not here`);
  process.exit(process.env.CI ? 1 : 0);
}

function run(command, args, environment = {}) {
  const options = { stdio: "inherit", env: { ...process.env, ...environment } };
  const { status, signal, error } = spawnSync(command, args, options);
  if (status === 0) return;
  console.error(`${[command, ...args].join(" ")}: ${error?.message ?? signal ?? `exit code ${status}`}`);
  process.exit(1);
}
