import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { compile } from "../../src/cli/addon/compile.js";
import { compilers } from "../../src/cli/addon/compiler.js";
import { readRecipe } from "../../src/cli/addon/recipe.js";
import { exists, filesUnder, read, root } from "../house/sources.js";
import { install, makeFolder, remove, report, tarball } from "./packed.js";

const targets = Object.keys(compilers);

describe("the recipe, read from binding.gyp", () => {
  test.each(["x64", "arm64", "ia32"])(
    "on %s has every source, and the instruction sets of that CPU",
    (architecture) => {
      const { sources } = readRecipe(root, "linux", architecture);
      const isas = { x64: ["avx2", "avx512", "baseline"], arm64: ["neon"] }[architecture] ?? ["baseline"];
      const others = filesUnder("native", ".cpp").filter((path) => !path.startsWith("native/isa/"));
      const expected = [...others, ...isas.map((isa) => `native/isa/${isa}.cpp`)];
      expect(sources.map(({ path }) => path).sort()).toEqual(expected.sort());
    },
  );

  test("rounds every product, and asks of a CPU only what its file is for", () => {
    for (const { path, flags } of readRecipe(root, "linux", "x64").sources) {
      expect(flags).toContain("-ffp-contract=off");
      const isa = /isa\/(\w+)/.exec(path)?.[1];
      const asks = flags.filter((flag) => flag.startsWith("-m"));
      if (isa === "avx2") expect(asks).toEqual(["-mavx2"]);
      else if (isa === "avx512") expect(asks).toContain("-mavx512f");
      else expect(asks).toEqual([]);
    }
  });

  test("binds the C++ library in on Linux", () => {
    expect(readRecipe(root, "linux", "x64").linkFlags).toContain("-static-libstdc++");
    expect(readRecipe(root, "mac", "arm64").linkFlags).toEqual([]);
  });

  test("says what is missing where there is none", () => {
    expect(() => readRecipe(join(root, "src"), "linux", "x64")).toThrow(/no binding\.gyp/);
  });
});

test("the loader knows the targets that can be made, and npm run prebuilds makes them all", () => {
  const loaded = [...read("src/backend/loadAddon.ts").matchAll(/case "([\w-]+)":/g)].map(([, target]) => target);
  expect(loaded.sort()).toEqual([...targets].sort());
  for (const target of targets) expect(JSON.parse(read("package.json")).scripts.prebuilds).toContain(` ${target}`);
});

/** What the dynamic symbols of an ELF file are called that others must bring, with their version, and the libraries it names. */
function needsOf(path: string): { symbols: string[]; libraries: string[] } {
  const run = (...args: string[]) => spawnSync("readelf", ["-W", ...args, path], { encoding: "utf8" }).stdout ?? "";
  const symbols = [...run("--dyn-syms").matchAll(/(?:GLOBAL|WEAK) +DEFAULT +UND +(\S+)/g)].map(([, name]) => name);
  const libraries = [...run("-d").matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name]) => name);
  return { symbols, libraries };
}

const hasReadelf = spawnSync("readelf", ["--version"]).status === 0;
if (!hasReadelf && exists("prebuilds")) {
  const why = "what the prebuilt addons need is not read: missing readelf (apt-get install binutils)";
  if (process.env.CI) throw new Error(why);
  console.warn(`SKIPPED: ${why}`);
}

describe.skipIf(!hasReadelf).each(targets.filter((target) => exists(`prebuilds/${target}/nn_embedding.node`)))(
  "the prebuilt addon of %s",
  (target) => {
    const { symbols, libraries } = needsOf(`${root}prebuilds/${target}/nn_embedding.node`);

    test("needs glibc 2.17 or older, or no C library by name", () => {
      expect(libraries).toEqual(target.startsWith("linuxmusl") ? [] : ["libc.so.6"]);
      for (const [, version] of symbols.join("\n").matchAll(/@GLIBC_([\d.]+)/g)) {
        const [major, minor] = version.split(".").map(Number);
        expect(major * 100 + minor).toBeLessThanOrEqual(217);
      }
    });

    test("needs no C++ library, which Bun and Deno do not have", () => {
      expect(symbols.filter((name) => /^(_Z|__cxa_(?!finalize|atexit)|__gxx|_Unwind)/.test(name))).toEqual([]);
    });

    test("needs of musl what musl has, and of Node only Node-API", () => {
      const allowed = new Set(read("test/package/musl.txt").split(/\s+/));
      const others = symbols.map((name) => name.split("@")[0]).filter((name) => !name.startsWith("napi_"));
      const weak = /^(_ITM_|__gmon_start__|__cxa_finalize)/;
      expect(others.filter((name) => !weak.test(name) && !allowed.has(name))).toEqual([]);
    });
  },
);

const hasMusl = hasReadelf && process.platform === "linux" && spawnSync("musl-gcc", ["--version"]).status === 0;

test.skipIf(!hasMusl).each(["linux", "linuxmusl"])("a process on musl loads the addon for %s", (system) => {
  const addon = `${root}prebuilds/${system}-${process.arch}/nn_embedding.node`;
  if (!exists(addon.slice(root.length))) return;
  const folder = makeFolder();
  try {
    const functions = needsOf(addon).symbols.filter((name) => name.startsWith("napi_"));
    const host = `
      #include <dlfcn.h>
      #include <stdio.h>
      ${functions.map((name) => `int ${name}(void) { return 1; }`).join("\n")}
      int main(int count, char** arguments) {
        void* addon = dlopen(arguments[1], RTLD_NOW);
        if (addon == NULL) return puts(dlerror()), 1;
        return dlsym(addon, "napi_register_module_v1") == NULL;
      }`;
    writeFileSync(join(folder, "host.c"), host);
    spawnSync("musl-gcc", ["-rdynamic", "-o", "host", "host.c"], { cwd: folder });
    const { status, stdout } = spawnSync(join(folder, "host"), [addon], { encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  } finally {
    remove(folder);
  }
});

describe("nn-embedding build, in an installed package", () => {
  const folder = makeFolder();
  let at: string;
  const compiler = ["c++", "g++", "clang++"].find((each) => spawnSync(each, ["--version"]).status === 0);

  beforeAll(() => {
    at = install(tarball, folder);
    rmSync(join(at, "prebuilds"), { recursive: true, force: true });
    // The command line's own dependencies, which an installer would have put there.
    for (const name of ["cac", "cli-progress", "cli-table3", ...readdirSync(`${root}node_modules`)]) {
      if (name.startsWith(".") || name.startsWith("@") || name === "nn-embedding") continue;
      rmSync(join(folder, "node_modules", name), { recursive: true, force: true });
      symlinkSync(`${root}node_modules/${name}`, join(folder, "node_modules", name));
    }
  }, 300_000);

  afterEach(() => vi.restoreAllMocks());
  afterAll(() => remove(folder), 60_000);

  const build = (env: NodeJS.ProcessEnv = {}, ...args: string[]) =>
    spawnSync(process.execPath, [join(at, "dist/cli/main.js"), "build", ...args], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, ...env },
    });

  test("says which compiler is missing, or what is no target", () => {
    const { stderr, status } = build({ PATH: "", CXX: "" });
    expect(stderr).toContain(`no C++ compiler for ${process.platform}-${process.arch}, expected one of c++, g++`);
    expect(status).toBe(1);
    expect(build({}, "--prebuilt", "amiga").stderr).toMatch(/prebuilt is "amiga", expected linux-x64, /);
  });

  /** A program of one line of sh, for CXX. */
  const makeProgram = (name: string, line: string): string => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
    return path;
  };

  test("refuses a CXX that is no program, and takes no other compiler in its place", () => {
    for (const CXX of ["nonsense", folder, join(root, "package.json")]) {
      const { stderr, stdout, status } = build({ CXX });
      expect(stderr).toMatch(/^nn-embedding: CXX is ".*", expected the name or the path of a C\+\+ compiler\n$/);
      expect(stdout).not.toContain("done");
      expect(status).toBe(1);
    }
  });

  test.skipIf(process.platform === "win32")("refuses a CXX that makes nothing, or does not start", () => {
    expect(build({ CXX: makeProgram("idle", "exit 0") }).stderr).toMatch(
      /^nn-embedding: CXX is ".*idle", which made nothing of native\/\w+\.cpp, expected a C\+\+ compiler\n$/,
    );
    const lost = makeProgram("lost", "");
    writeFileSync(lost, "#!/nowhere/sh\n");
    expect(build({ CXX: lost }).stderr).toMatch(/which does not start \(ENOENT\), expected a C\+\+ compiler\n$/);
  });

  test.skipIf(process.platform === "win32")("tells in a line, behind the compiler's words, that it says no", () => {
    const CXX = `${makeProgram("old", `echo "error: unknown option '$2'" >&2; exit 4`)} -words  -of-its-own`;
    const { stderr, status } = build({ CXX });
    expect(stderr.split("\n")).toEqual([
      "error: unknown option '-of-its-own'",
      expect.stringMatching(
        /^nn-embedding: CXX is ".*old -words -of-its-own", which ended with 4 at native\/\w+\.cpp, expected one that compiles C\+\+20$/,
      ),
      "",
    ]);
    expect(status).toBe(1);
  });

  test.skipIf(process.platform === "win32").each(["SIGINT", "SIGTERM"] as const)(
    "leaves nothing behind when %s ends it",
    async (signal) => {
      const env = {
        ...process.env,
        CXX: makeProgram("slow", `exec '${process.execPath}' -e 'setTimeout(() => {}, 300_000)'`),
      };
      const child = spawn(process.execPath, [join(at, "dist/cli/main.js"), "build"], { cwd: folder, env });
      const made = join(at, "build/Release");
      const making = (): string[] => (existsSync(made) ? readdirSync(made).filter((each) => /^making/.test(each)) : []);
      await vi.waitFor(() => expect(making()).toHaveLength(1), 20_000);
      child.kill(signal);
      expect(await once(child, "exit")).toEqual([null, signal]);
      expect(making()).toEqual([]);
    },
    30_000,
  );

  test.skipIf(compiler === undefined || exists("node_modules/node-api-headers"))(
    "says whose headers are missing where Node has none",
    () => {
      const alone = join(folder, "alone/bin/node"); // Node's are beside the program
      mkdirSync(join(folder, "alone/bin"), { recursive: true });
      copyFileSync(process.execPath, alone);
      const options = {
        cwd: folder,
        encoding: "utf8",
        env: { ...process.env, npm_config_nodedir: undefined },
      } as const;
      const { stderr, status } = spawnSync(alone, [join(at, "dist/cli/main.js"), "build"], options);
      const where = join(folder, "alone/include/node");
      expect(stderr).toContain(`no node_api.h in ${where}: npm install node-api-headers brings it`);
      expect(status).toBe(1);
    },
  );

  test.skipIf(compiler === undefined)("says whose headers are missing", () => {
    rmSync(join(folder, "node_modules/node-addon-api"));
    const { stderr, status } = build();
    symlinkSync(`${root}node_modules/node-addon-api`, join(folder, "node_modules/node-addon-api"));
    expect(stderr).toContain("no napi.h: npm install node-addon-api brings it");
    expect(status).toBe(1);
  });

  test("says what the compiler said, and leaves nothing half made", async () => {
    const other = join(folder, "broken");
    for (const path of ["native", "binding.gyp"]) cpSync(root + path, join(other, path), { recursive: true });
    writeFileSync(join(other, "native/addon.cpp"), "this is no C++");
    const say = vi.spyOn(console, "error").mockImplementation(() => {});
    const made = compile({
      root: other,
      target: `${process.platform}-${process.arch}`,
      out: "build/Release/nn_embedding.node",
      isPrebuilt: false,
    });
    await expect(made).rejects.toThrow(
      compiler === undefined ? /no C\+\+ compiler/ : /ended with 1 at native\/addon\.cpp/,
    );
    expect(say.mock.calls.length).toBe(compiler === undefined ? 0 : 1); // of all the compilers that run the first
    if (compiler !== undefined) expect(say.mock.calls[0][0]).toContain("this is no C++");
    if (compiler !== undefined) expect(readdirSync(join(other, "build/Release"))).toEqual([]);
  });

  test.skipIf(compiler === undefined || process.platform === "win32")(
    "makes an addon that is then used, with the same bits",
    () => {
      const before = report(folder);
      expect(before.chosen).toBe("wasm:simd");
      const CXX = `${makeProgram("cache", 'exec "$@"')} ${compiler}`;
      const { stdout, stderr, status } = build({ CXX, NN_EMBEDDING_THREADS: "nonsense", NN_EMBEDDING_BACKEND: "js" });
      expect({ status, stderr }).toMatchObject({ status: 0 });
      expect(stdout).toContain("build/Release/nn_embedding.node");
      const after = report(folder);
      expect(after.chosen).toMatch(/^native:/);
      expect(stdout).toContain(`${after.chosen} was loaded from it`);
      expect(after.bits).toBe(before.bits);
    },
    300_000,
  );
});

test("what the addon says of itself is what src/backend/native.ts asks for", () => {
  const [, ours] = /const abi = (\d+);/.exec(read("src/backend/native.ts"))!;
  const [, theirs] = /constexpr u32 abi = (\d+);/.exec(readFileSync(`${root}native/addon.cpp`, "utf8"))!;
  expect(ours).toBe(theirs);
});
