import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/**
 * The addon of this package: one that was built on this machine, or else a prebuilt one that came along. The exports are whatever the
 * file has; whether they are of the right shape is the caller's to see.
 *
 * Throws Error with what is wrong with the one that was tried.
 */
export function loadAddon(abi: number): object {
  if (!isInPackage()) throw new Error("bundled without its addon: mark nn-embedding as external");
  const own = inPackage("build/Release/nn_embedding.node");
  if (existsSync(own)) return open(own, abi);
  const platform = `${process.platform}${isMusl() ? "musl" : ""}-${process.arch}`;
  // Bundlers and file tracers copy what a literal `new URL(…, import.meta.url)` names: each stays a literal in a line of its own, which
  // the build (src/build.mjs) leaves out of dist when there is no such file, for bundlers refuse a name without one.
  switch (platform) {
    case "linux-x64":
      return open(pathOf(new URL("../../prebuilds/linux-x64/nn_embedding.node", import.meta.url), platform), abi);
    case "linux-arm64":
      return open(pathOf(new URL("../../prebuilds/linux-arm64/nn_embedding.node", import.meta.url), platform), abi);
    case "linuxmusl-x64":
      return open(pathOf(new URL("../../prebuilds/linuxmusl-x64/nn_embedding.node", import.meta.url), platform), abi);
    case "linuxmusl-arm64":
      return open(pathOf(new URL("../../prebuilds/linuxmusl-arm64/nn_embedding.node", import.meta.url), platform), abi);
    default:
      // native/ is for POSIX systems.
      if (process.platform === "win32") throw new Error(`no prebuilt addon for ${platform}, and none can be compiled`);
      throw new Error(`no prebuilt addon for ${platform}: npx nn-embedding build compiles one`);
  }
}

/**
 * Whether this file lies, or lay when it was bundled, where the package has it. In other bundles a path from here leads anywhere, such as to
 * a folder where everybody may put an addon. A bundle for CommonJS has no `import.meta.url`.
 */
function isInPackage(): boolean {
  return /\/(dist|src)\/backend\/loadAddon\.[jt]s(\?|$)/.test(String(import.meta.url));
}

/**
 * Whether this program's C library is musl: its file says early on which loader it wants. Node's report knows as well, but it takes 15 ms
 * to make.
 */
function isMusl(): boolean {
  if (process.platform !== "linux") return false;
  try {
    return readStart(process.execPath, 4096).includes("/ld-musl-");
  } catch {
    const { header } = process.report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } };
    return header.glibcVersionRuntime === undefined;
  }
}

function readStart(path: string, length: number): Buffer {
  return readAt(path, 0, length);
}

function readAt(path: string, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  const file = openSync(path, "r");
  try {
    return bytes.subarray(0, readSync(file, bytes, 0, length, position));
  } finally {
    closeSync(file);
  }
}

/**
 * The path of a prebuilt addon. Next's webpack makes of such a URL an address of its server, where no file is; but it says in
 * `import.meta.url` where the package was when it was bundled, which is where it is unless the bundle was carried elsewhere.
 */
function pathOf(url: URL, platform: string): string {
  return url.protocol === "file:" ? fileURLToPath(url) : inPackage(`prebuilds/${platform}/nn_embedding.node`);
}

/** A path in this package. Not a literal URL: bundlers need not look for what may not be there. */
function inPackage(path: string): string {
  return join(dirname(fileURLToPath(import.meta.url)), "../..", path);
}

function open(path: string, abi: number): object {
  checkWhole(path);
  const module = { exports: {} as { readonly abi?: unknown } };
  process.dlopen(module, path);
  const found = module.exports.abi;
  if (found !== abi) throw new Error(`${path}: its ABI is ${found}, expected ${abi}: it is of another version`);
  return module.exports;
}

/** What ELF files call the machines that addons are made for. */
const machines: Readonly<Record<number, string>> = { 62: "x64", 183: "arm64" };

/**
 * dlopen crashes on an ELF file whose end was cut off or never written, and says that another machine's is not there: refuse these first.
 * What else is wrong with a file the loader says itself.
 */
function checkWhole(path: string): void {
  if (!existsSync(path)) return;
  const header = readStart(path, 64);
  // Of 64 bits and little-endian: others have their fields elsewhere.
  if (header.length < 64 || header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) return;
  const machine = machines[header.readUInt16LE(0x12)];
  if (machine !== undefined && machine !== process.arch) {
    throw new Error(`${path}: its machine is ${machine}, expected ${process.arch}: it is of another architecture`);
  }
  // The table of sections comes last: where it starts, and how long it is.
  const start = Number(header.readBigUInt64LE(0x28));
  const [entry, count] = [header.readUInt16LE(0x3a), header.readUInt16LE(0x3c)];
  const end = start + entry * count;
  const { size } = statSync(path);
  if (size < end) throw new Error(`${path}: ${size} bytes, expected at least ${end}: the file is cut short`);
  // Its first entry is zero in every file; the others are not, unless what was to be written there never was.
  for (const each of count > 1 ? [1, count - 1] : []) {
    if (readAt(path, start + each * entry, entry).some((byte) => byte !== 0)) continue;
    throw new Error(
      `${path}: section ${each} of ${count} is zeros, expected what it is: the file was not written whole`,
    );
  }
}
