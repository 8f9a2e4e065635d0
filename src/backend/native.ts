import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { ArrayBufferBlock } from "./arrayBufferBlock.js";
import type { Backend, Block, Candidate, Kernels, Limits } from "./backend.js";

/** What native/addon.cpp exports. */
interface Addon {
  readonly abi: number;
  /** By ISA, best first: those this CPU can run. */
  readonly implementations: Readonly<Record<string, Kernels>>;
  /** By ISA: why this CPU cannot run it. */
  readonly unsupported: Readonly<Record<string, string>>;
  /** Zeroed, 64-byte aligned memory; undefined where there is none or where the engine refuses foreign memory. */
  allocate(byteLength: number): ArrayBuffer | undefined;
  /** Detaches memory that `allocate` gave and frees it; leaves any other alone. */
  release(arrayBuffer: ArrayBuffer): void;
  readonly limits?: Limits;
}

/** The shape of {@link Addon}: an addon that was built for another one is not used. */
const abi = 3;

/**
 * Measured on Zen 5 with Node 20: a gather through N-API costs 120-160 ns before the first float is copied (twice that on a
 * busy machine), and plain JavaScript copies a float in 0.7-1.5 ns. They meet at 32 rows of 3, 8 rows of 16 and 2-4 rows of 64.
 */
const callCost = 128;

function known(): string[] {
  if (process.arch === "x64") return ["avx512", "avx2", "baseline"];
  return [process.arch === "arm64" ? "neon" : "baseline"];
}

/** dlopen crashes on a truncated ELF file: refuse it first. What else is wrong with a file the loader says itself. */
function checkWhole(path: string): void {
  if (!existsSync(path)) return;
  const header = new DataView(new ArrayBuffer(64));
  const file = openSync(path, "r");
  try {
    if (readSync(file, header) < header.byteLength || header.getUint32(0) !== 0x7f454c46) return;
    // The table of sections comes last: where it starts, and how long it is.
    const end = Number(header.getBigUint64(0x28, true)) + header.getUint16(0x3a, true) * header.getUint16(0x3c, true);
    const { size } = fstatSync(file);
    if (size < end) throw new Error(`${path}: ${size} bytes, expected at least ${end}: the file is cut short`);
  } finally {
    closeSync(file);
  }
}

function load(): Addon {
  const path = fileURLToPath(new URL("../../build/Release/nn_embedding.node", import.meta.url));
  checkWhole(path);
  const module = { exports: {} };
  process.dlopen(module, path);
  const addon = module.exports as Addon;
  if (addon.abi !== abi) throw new Error(`the addon has ABI ${addon.abi}, expected ${abi}: build it anew`);
  return addon;
}

function find(): { readonly candidates: readonly Candidate[]; readonly limits: Limits | undefined } {
  let addon: Addon;
  try {
    addon = load();
  } catch (error) {
    const [why] = String(error instanceof Error ? error.message : error).split("\n", 1);
    return { candidates: known().map((isa) => ({ name: "native", isa, why })), limits: undefined };
  }
  // Fallback: the engine refuses foreign memory, or byteLength is 0; otherwise this throws.
  const lease = (byteLength: number): ArrayBuffer => addon.allocate(byteLength) ?? new ArrayBuffer(byteLength);
  const allocate = (byteLength: number): Block => new ArrayBufferBlock(byteLength, lease, addon.release);
  const able = Object.entries(addon.implementations).map(([isa, kernels]): Candidate => {
    const backend: Backend = { name: "native", isa, kernels, callCost, allocate, moves: () => false };
    return { name: "native", isa, open: () => backend };
  });
  const unable = Object.entries(addon.unsupported).map(([isa, why]): Candidate => ({ name: "native", isa, why }));
  return { candidates: [...able, ...unable], limits: addon.limits };
}

const found = find();

/** The native backend: a candidate for each instruction set of this architecture, best first; all share one kind of memory. */
export const candidates: readonly Candidate[] = found.candidates;

/** What the machine can do at best, where there is an addon: for the bench. */
export const limits: Limits | undefined = found.limits;
