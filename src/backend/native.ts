import process from "node:process";
import { ArrayBufferBlock } from "./arrayBufferBlock.js";
import type { Backend, Block, Candidate, Kernels } from "./backend.js";
import { loadAddon } from "./loadAddon.js";

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

function find(): Candidate[] {
  let addon: Addon;
  try {
    addon = loadAddon(abi) as Addon;
  } catch (error) {
    const [why] = String(error instanceof Error ? error.message : error).split("\n", 1);
    return known().map((isa) => ({ name: "native", isa, why }));
  }
  // Fallback: the engine refuses foreign memory, or byteLength is 0; otherwise this throws.
  const lease = (byteLength: number): ArrayBuffer => addon.allocate(byteLength) ?? new ArrayBuffer(byteLength);
  const allocate = (byteLength: number): Block => new ArrayBufferBlock(byteLength, lease, addon.release);
  const able = Object.entries(addon.implementations).map(([isa, kernels]): Candidate => {
    const backend: Backend = { name: "native", isa, kernels, callCost, allocate, moves: () => false };
    return { name: "native", isa, open: () => backend };
  });
  const unable = Object.entries(addon.unsupported).map(([isa, why]): Candidate => ({ name: "native", isa, why }));
  return [...able, ...unable];
}

/** The native backend: a candidate for each instruction set of this architecture, best first; all share one kind of memory. */
export const candidates: readonly Candidate[] = find();
