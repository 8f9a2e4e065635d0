import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findAddon, install, makeFolder, type Report, remove, report, tarball, whyNotNobody } from "./packed.js";

/** The package as it is published, in a process of its own, with something amiss: the next backend does, with the same bits. */
const folder = makeFolder();
let whole: string;
let addon: string | null;
let bits: number;

beforeAll(() => {
  whole = join(folder, "whole");
  addon = findAddon(install(tarball, whole));
  bits = report(whole).bits;
}, 300_000);

afterAll(() => remove(folder), 60_000);

const nativeWhys = ({ whys }: Report): string[] =>
  Object.entries(whys).flatMap(([name, why]) => (name.startsWith("native:") ? [why] : []));

/** WebAssembly with its bits does the work, and everybody who asks hears the same reason. */
function expectNoAddon(told: Report, why: RegExp): void {
  expect(told).toMatchObject({ chosen: "wasm:simd", bits });
  expect(nativeWhys(told).length).toBeGreaterThan(0);
  for (const each of nativeWhys(told)) expect(each).toMatch(why);
  expect(told.forced.native).toContain('RangeError [ERR_BACKEND_UNSUPPORTED]: backend is "native"');
  expect(told.forced.native).toContain(nativeWhys(told)[0]);
}

test("nothing amiss: the addon that came along", () => {
  const told = report(whole);
  if (addon === null) expectNoAddon(told, /no prebuilt addon/);
  else expect(told.chosen).toMatch(/^native:/);
  expect(told.forced.wasm).toBe("wasm:simd");
});

describe("an addon that is", () => {
  /** A copy of the package whose addon is spoiled; the next one begins with a whole one again. */
  function spoiled(spoil: (path: string) => void): string {
    const project = join(folder, "spoiled");
    const at = existsSync(project) ? join(project, "node_modules/nn-embedding") : install(tarball, project);
    const path = addon === null ? join(at, "build/Release/nn_embedding.node") : addon.replace(whole, project);
    remove(path);
    mkdirSync(dirname(path), { recursive: true });
    if (addon !== null) cpSync(addon, path);
    spoil(path);
    return project;
  }
  const elf = (machine: number): Buffer => {
    const header = Buffer.alloc(64);
    Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(header);
    header.writeUInt16LE(3, 16);
    header.writeUInt16LE(machine, 18);
    header.writeUInt32LE(1, 20);
    header.writeUInt16LE(64, 52);
    return header;
  };

  const faults: readonly [string, (path: string) => void, RegExp][] = [
    [
      "empty",
      (path) => writeFileSync(path, ""),
      /too short|invalid ELF|not a valid|no suitable image|file is too small/i,
    ],
    ["a text", (path) => writeFileSync(path, "hello ".repeat(999)), /invalid ELF|not a valid|not a mach-o/i],
    [
      "of a foreign architecture",
      (path) => writeFileSync(path, elf(process.arch === "x64" ? 183 : 62)),
      process.arch === "x64"
        ? /nn_embedding\.node: its machine is arm64, expected x64: it is of another architecture$/
        : /nn_embedding\.node: its machine is x64, expected \w+: it is of another architecture$/,
    ],
    [
      "of 32 bits, whose fields lie elsewhere",
      (path) => {
        const header = elf(3);
        header[4] = 1;
        header.writeUInt16LE(52, 40); // where an ELF file of 64 bits says where its sections are
        writeFileSync(path, header);
      },
      /^(?!.*cut short)/,
    ],
    [
      "a folder",
      (path) => {
        remove(path);
        mkdirSync(path);
      },
      /./,
    ],
  ];
  test.each(faults)("%s", (_, spoil, why) => {
    expectNoAddon(report(spoiled(spoil)), why);
  });

  test.skipIf(process.platform !== "linux").each([40, 4096, 0.5, 0.999])("cut short at %d", (at) => {
    if (addon === null) return;
    const length = at < 1 ? Math.floor(readFileSync(addon).length * at) : at;
    expectNoAddon(report(spoiled((path) => truncateSync(path, length))), /cut short|too short/);
  });

  const lost = (path: string, bytes: number): void => {
    const whole = readFileSync(path);
    writeFileSync(path, whole.fill(0, whole.length - bytes));
  };

  test.skipIf(process.platform !== "linux").each([64, 4096, 500_000])("never written in its last %d bytes", (bytes) => {
    if (addon === null) return;
    const why = /nn_embedding\.node: section \d+ of \d+ is zeros, expected what it is: the file was not written whole$/;
    expectNoAddon(report(spoiled((path) => lost(path, bytes))), why);
  });

  test.skipIf(process.platform !== "linux")("the end of the process: NN_EMBEDDING_BACKEND is the way out", () => {
    if (addon === null) return;
    const project = spoiled((path) => {
      const whole = readFileSync(path);
      const table = 64 * whole.readUInt16LE(0x3c); // is looked at before the addon is opened, and so stays
      writeFileSync(path, whole.fill(0, whole.length - 500_000, whole.length - table));
    });
    const code = 'import { backends } from "nn-embedding"; console.log(backends().find(({ chosen }) => chosen).name)';
    const run = (backend: string): { readonly status: number | null; readonly stdout: string } => {
      const env = { ...process.env, NN_EMBEDDING_BACKEND: backend };
      return spawnSync(process.execPath, ["--input-type=module", "-e", code], { cwd: project, encoding: "utf8", env });
    };
    expect(run("").status).not.toBe(0);
    expect(run("wasm")).toMatchObject({ status: 0, stdout: "wasm\n" });
  });

  test("missing", () => {
    expectNoAddon(report(spoiled(remove)), /no prebuilt addon|cannot open|no such file/i);
  });

  test.skipIf(process.platform === "win32")("not to be read", ({ skip }) => {
    skip(whyNotNobody !== undefined, whyNotNobody);
    if (addon === null) return;
    expectNoAddon(
      report(
        spoiled((path) => chmodSync(path, 0)),
        { asNobody: true },
      ),
      /EACCES|permission/i,
    );
  });

  test("of another version of the package", () => {
    if (addon === null) return;
    const project = spoiled(() => {});
    const native = join(project, "node_modules/nn-embedding/dist/backend/native.js");
    const code = readFileSync(native, "utf8");
    writeFileSync(native, code.replace(/const abi = \d+/, "const abi = 12345"));
    expectNoAddon(report(project), /its ABI is \d+, expected 12345: it is of another version$/);
    writeFileSync(native, code);
  });

  test("built here comes before the one that came along", () => {
    if (addon === null) return;
    const project = spoiled(() => {});
    const own = join(project, "node_modules/nn-embedding/build/Release/nn_embedding.node");
    mkdirSync(dirname(own), { recursive: true });
    writeFileSync(own, "broken");
    expectNoAddon(report(project), /build.Release.nn_embedding\.node/);
    cpSync(addon, own);
    expect(report(project).chosen).toMatch(/^native:/);
    remove(dirname(own));
  });
});

describe("a process that", () => {
  const permission = ["--permission", "--experimental-permission"].find((flag) =>
    process.allowedNodeEnvironmentFlags.has(flag),
  );
  const readable = permission === undefined ? [] : [permission, "--allow-fs-read=*"];

  test("forbids addons", () => {
    expectNoAddon(report(whole, { flags: ["--no-addons"] }), addon === null ? /no prebuilt/ : /addons? is disabled/i);
  });

  test.skipIf(permission === undefined)("has the permission model", () => {
    expectNoAddon(report(whole, { flags: readable }), addon === null ? /no prebuilt/ : /addons? is disabled/i);
  });

  test.skipIf(permission === undefined)("has the permission model, and may load addons", () => {
    const told = report(whole, { flags: [...readable, "--allow-addons"] });
    expect(told.bits).toBe(bits);
    if (addon !== null) expect(told.chosen).toMatch(/^native:/);
  });

  test.skipIf(permission === undefined)("may read the package's code only", () => {
    const flags = [permission!, `--allow-fs-read=${join(whole, "node_modules/nn-embedding/dist/*")}`];
    flags.push(`--allow-fs-read=${join(whole, "node_modules/nn-embedding/package.json")}`);
    expect(report(whole, { flags }).bits).toBe(bits);
  });

  const noAddons = ["--no-addons"];
  const onlyJs = (told: Report, why: RegExp): void => {
    expect(told).toMatchObject({ chosen: "js:scalar", bits });
    for (const isa of ["simd", "scalar"]) expect(told.whys[`wasm:${isa}`]).toMatch(why);
    expect(told.forced.wasm).toMatch(/^RangeError \[ERR_BACKEND_UNSUPPORTED\]: backend is "wasm"/);
    expect(told.forced.wasm).toContain(told.whys["wasm:simd"]);
  };

  test("has no WebAssembly", () => {
    onlyJs(
      report(whole, { flags: noAddons, before: "delete globalThis.WebAssembly" }),
      /^this engine has no WebAssembly$/,
    );
    onlyJs(report(whole, { flags: [...noAddons, "--jitless"] }), /WebAssembly/);
  });

  test("has no SIMD", () => {
    const before = `
      let tried = 0; // the module with SIMD comes first
      WebAssembly.Module = class extends WebAssembly.Module {
        constructor(bytes) {
          if (tried++ === 0) throw new WebAssembly.CompileError("WebAssembly.Module(): invalid value type 0x7b");
          super(bytes);
        }
      };
      WebAssembly.validate = () => false`;
    const told = report(whole, { flags: noAddons, before });
    expect(told).toMatchObject({ chosen: "wasm:scalar", bits, forced: { wasm: "wasm:scalar" } });
    expect(told.whys["wasm:simd"]).toBe("this engine has no WebAssembly SIMD");
  });

  test("refuses to compile WebAssembly, as a content security policy does", () => {
    const said = "WebAssembly.Module(): Wasm code generation disallowed by embedder";
    for (const error of ["EvalError", "WebAssembly.CompileError"]) {
      const before = `WebAssembly.Module = class { constructor() { throw new ${error}(${JSON.stringify(said)}); } }`;
      onlyJs(report(whole, { flags: noAddons, before }), /^WebAssembly\.Module\(\): Wasm code generation disallowed/);
    }
  });

  test("has no memory to give to WebAssembly", () => {
    const before =
      "WebAssembly.Memory = class { constructor() { throw new RangeError('could not allocate memory'); } }";
    onlyJs(report(whole, { flags: noAddons, before }), /^could not allocate memory$/);
  });

  test.skipIf(process.platform === "win32")("may write nowhere", ({ skip }) => {
    skip(whyNotNobody !== undefined, whyNotNobody);
    for (const each of [whole, join(whole, "node_modules/nn-embedding")]) chmodSync(each, 0o555);
    const told = report(whole, { asNobody: true });
    expect(told.bits).toBe(bits);
    if (addon !== null) expect(told.chosen).toMatch(/^native:/);
  });
});
