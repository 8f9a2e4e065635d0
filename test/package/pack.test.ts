import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { Embedding } from "../../src/index.js";
import { exists, read, root } from "../house/sources.js";
import { install, makeFolder, readTarball, remove, tarball } from "./packed.js";

/** What is in the tarball, and what is not. */
const folder = makeFolder();
const paths = readTarball(tarball).map(({ path }) => path);

afterAll(() => remove(folder), 60_000);

const manifest = JSON.parse(read("package.json"));

describe("the tarball", () => {
  test("is small", () => {
    expect(statSync(tarball).size).toBeLessThan(2_000_000);
  });

  test("has what package.json leads to", () => {
    const targets = (value: unknown): string[] =>
      typeof value === "string" ? [value] : Object.values(value as object).flatMap(targets);
    const { exports, imports, bin, main, types } = manifest;
    for (const path of [exports, imports, bin, main, types].flatMap(targets)) expect(paths).toContain(path.slice(2));
    for (const path of ["dist/backend/wasm/simd.wasm", "README.md", "LICENSE", "CHANGELOG.md"]) {
      expect(paths).toContain(path);
    }
  });

  test("makes no installer compile: no install script, no binding.gyp where npm looks for it", () => {
    expect(manifest.gypfile).toBe(false);
    for (const script of ["preinstall", "install", "postinstall", "prebuild", "prepare"]) {
      expect(Object.keys(manifest.scripts)).not.toContain(script);
    }
    expect(paths.filter((path) => path.endsWith(".gyp"))).toEqual(["dist/cli/addon/binding.gyp"]);
  });

  test("has nothing else", () => {
    const wanted =
      /^(dist|native|prebuilds|src\/docs)\/|^(package\.json|README\.md|LICENSE|CHANGELOG\.md|ARCHITECTURE\.md)$/;
    expect(paths.filter((path) => !wanted.test(path))).toEqual([]);
    expect(paths.filter((path) => /\.(test|map|o|a)\b|node_modules|\.safetensors$/.test(path))).toEqual([]);
  });

  test("names the prebuilt addons that it has, and no other", () => {
    const named = readTarball(tarball).find(({ path }) => path === "dist/backend/loadAddon.js")!;
    const text = new TextDecoder().decode(named.bytes);
    const names = [...text.matchAll(/new URL\("\.\.\/\.\.\/(prebuilds\/[^"]*)", import\.meta\.url\)/g)];
    const there = paths.filter((path) => path.endsWith(".node"));
    expect(names.map(([, path]) => path).sort()).toEqual(there.sort());
  });
});

const hasTar = spawnSync("tar", ["--version"]).status === 0;

test.skipIf(!hasTar)("a path of more than 100 characters is read whole", () => {
  const path = `${"a".repeat(60)}/${"b".repeat(60)}/c.txt`;
  mkdirSync(dirname(join(folder, "package", path)), { recursive: true });
  writeFileSync(join(folder, "package", path), "long");
  const long = join(folder, "long.tgz");
  spawnSync("tar", ["--format=ustar", "-czf", long, `package/${path}`], { cwd: folder });
  expect(readTarball(long).map((file) => file.path)).toEqual([path]);
});

describe.skipIf(!exists("node_modules/publint") || !exists("node_modules/@arethetypeswrong/cli"))("linters", () => {
  const run = (path: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [root + path, ...args], { encoding: "utf8" });
    return { status, said: stdout + stderr };
  };

  test("publint finds nothing", () => {
    const { status, said } = run("node_modules/publint/src/cli.js", "run", tarball, "--strict");
    expect(said).toContain("All good!");
    expect(status).toBe(0);
  });

  test("attw finds right types for import, require and bundlers", () => {
    // nn-embedding/web is for browsers, which require nothing.
    const args = [
      tarball,
      "--profile",
      "node16",
      "--exclude-entrypoints",
      "web",
      "--no-emoji",
      "--no-definitely-typed",
    ];
    const { status, said } = run("node_modules/@arethetypeswrong/cli/dist/index.js", ...args);
    expect(status, said).toBe(0);
    for (const door of ["optim", "checkpoint", "checkpoint/file"]) expect(said).toContain(`"nn-embedding/${door}"`);
  });
});

describe.skipIf(!exists("node_modules/esbuild"))("bundles", () => {
  /** The files that esbuild makes of one line, all gzipped. */
  async function bundle(code: string, conditions: string[], format: "esm" | "iife" = "esm") {
    const project = join(folder, "bundles");
    install(tarball, project);
    const esbuild = (await import(/* @vite-ignore */ `${root}node_modules/esbuild/lib/main.js`)).default;
    const { outputFiles } = await esbuild.build({
      stdin: { contents: code, resolveDir: project },
      bundle: true,
      minify: true,
      write: false,
      format,
      conditions,
      platform: "neutral",
      logLevel: "error",
      loader: { ".wasm": "copy" },
      outdir: project,
    });
    const files = outputFiles as { path: string; contents: Uint8Array; text: string }[];
    return {
      bytes: files.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0),
      code: files.find(({ path }) => path.endsWith(".js"))!.text,
      wasm: files.filter(({ path }) => path.endsWith(".wasm")).length,
    };
  }
  const edge = ["workerd", "worker", "browser"];

  test("Embedding at the edge takes less than 40 kB, WebAssembly included", async () => {
    const { bytes, wasm, code } = await bundle('export { Embedding } from "nn-embedding"', edge);
    expect(bytes).toBeLessThan(40_000);
    expect(wasm).toBe(1);
    expect(code).not.toMatch(/node:|AGFzbQ/); // no Node, and no WebAssembly as base64
  });

  test("what is not used is left out", async () => {
    const one = await bundle('export { Generator } from "nn-embedding"', edge);
    const other = await bundle('export { Embedding } from "nn-embedding"', edge);
    expect(one.bytes).toBeLessThan(other.bytes / 2);
    expect(other.code).not.toContain("sampledLoss");
    expect(other.code).toContain("scatterAdd"); // property names stay, so this finds kernels
    expect(other.code).not.toMatch(/gatherBags|matmulNT|softmaxGradient|stepAdam|drawSkipGram/);
    const { bytes } = await bundle('import "nn-embedding"; import "nn-embedding/optim"', edge);
    expect(bytes).toBeLessThan(100); // sideEffects: false
  });

  test("a page's bundle has no Node in it", async () => {
    const { code, wasm } = await bundle('export * from "nn-embedding"', ["browser"]);
    expect(code).not.toMatch(/node:/);
    expect(wasm).toBe(0);
  });
});

test("the declarations speak of plain typed arrays, as TypeScript before 5.7 knows them", () => {
  const declarations = readTarball(tarball).filter(({ path }) => /\.d\.c?ts$/.test(path));
  expect(declarations.length).toBeGreaterThan(50);
  const generic = declarations.filter(({ bytes }) =>
    /(Float32|Uint32|Uint8)Array</.test(new TextDecoder().decode(bytes)),
  );
  expect(generic.map(({ path }) => path)).toEqual([]);
});

test("nn-embedding/web imports nothing, and has all names", async () => {
  const at = join(install(tarball, join(folder, "web")), "dist/web.js");
  expect(readFileSync(at, "utf8")).not.toMatch(/\bfrom ?"|\bimport[ ("]/);
  const web = await import(/* @vite-ignore */ `file://${at}`);
  for (const name of ["Embedding", "manualSeed", "SGD", "decodeSafetensors"]) expect(web[name]).toBeTypeOf("function");
  // Refusals name classes: it is minified, and says what the sources say.
  const refused = (Layer: typeof Embedding): string => {
    try {
      return String(new Layer(new Layer(3, 2) as never, 2));
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(refused(web.Embedding)).toBe(refused(Embedding));
  expect(refused(web.Embedding)).toContain("an instance of Embedding");
  expect(new web.Embedding(3, 2).weight.implementation).toMatch(/^wasm:/);
});
