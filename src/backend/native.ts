import process from "node:process";
import { fileURLToPath } from "node:url";
import { rangeError } from "../errors.js";
import type { Backend, Block, Candidate, Kernels } from "./backend.js";

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
const abi = 1;

/**
 * The floats that plain JavaScript gathers in the time that a call through N-API takes.
 */
const callCost = 128;

class NativeBlock implements Block {
  readonly #addon: Addon;
  #memory: ArrayBuffer;

  constructor(addon: Addon, byteLength: number) {
    this.#addon = addon;
    try {
      // The second way is for engines that take no foreign memory, for nothing at all, and for the error when there is no more.
      this.#memory = addon.allocate(byteLength) ?? new ArrayBuffer(byteLength);
    } catch {
      throw rangeError("ERR_OUT_OF_MEMORY", `byteLength is ${byteLength}, expected what this machine can allocate`);
    }
  }

  get byteLength(): number {
    return this.#memory.byteLength;
  }

  f32(byteOffset = 0, length?: number): Float32Array {
    return new Float32Array(this.#memory, byteOffset, length);
  }

  u32(byteOffset = 0, length?: number): Uint32Array {
    return new Uint32Array(this.#memory, byteOffset, length);
  }

  dispose(): void {
    this.#addon.release(this.#memory);
    this.#memory = new ArrayBuffer(0);
  }
}

function known(): string[] {
  if (process.arch === "x64") return ["avx512", "avx2", "baseline"];
  return [process.arch === "arm64" ? "neon" : "baseline"];
}

function load(): Addon {
  const module = { exports: {} };
  process.dlopen(module, fileURLToPath(new URL("../../build/Release/nn_embedding.node", import.meta.url)));
  const addon = module.exports as Addon;
  if (addon.abi !== abi) throw new Error(`the addon has ABI ${addon.abi}, expected ${abi}: build it anew`);
  return addon;
}

function find(): Candidate[] {
  let addon: Addon;
  try {
    addon = load();
  } catch (error) {
    const [why] = String(error instanceof Error ? error.message : error).split("\n", 1);
    return known().map((isa) => ({ name: "native", isa, why }));
  }
  const allocate = (byteLength: number): Block => new NativeBlock(addon, byteLength);
  const able = Object.entries(addon.implementations).map(([isa, kernels]): Candidate => {
    const backend: Backend = { name: "native", isa, kernels, callCost, allocate, moves: () => false };
    return { name: "native", isa, open: () => backend };
  });
  const unable = Object.entries(addon.unsupported).map(([isa, why]): Candidate => ({ name: "native", isa, why }));
  return [...able, ...unable];
}

/** The native backend: one candidate for each instruction set of this architecture, best first; all share one kind of memory. */
export const candidates: readonly Candidate[] = find();
