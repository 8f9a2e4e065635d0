import { availableParallelism } from "node:os";
import process from "node:process";
import { ArrayBufferBlock } from "./arrayBufferBlock.js";
import type { Backend, Block, Candidate, Kernels, Limits, Native } from "./backend.js";
import { type Call, makeCall } from "./calls.js";
import { whyNotNative } from "./environment.js";
import { loadAddon } from "./loadAddon.js";
import { Turns } from "./turns.js";

/** What native/addon.cpp exports. */
interface Addon {
  readonly abi: number;
  /** By ISA, best first: those this CPU can run. */
  readonly implementations: Readonly<Record<string, Kernels>>;
  /** The same, but a call is only noted down, its arguments checked; it returns nothing. */
  readonly noted: Readonly<Record<string, Kernels>>;
  /** Makes what is noted down, in order, on a thread of Node's pool: it has four, which all of the process share. */
  run(): Promise<void>;
  /** Lets go of what is noted down. */
  forget(): void;
  /** By ISA: why this CPU cannot run it. */
  readonly unsupported: Readonly<Record<string, string>>;
  /** Zeroed, 64-byte aligned memory; undefined where there is none or where the engine refuses foreign memory. */
  allocate(byteLength: number): ArrayBuffer | undefined;
  /** Detaches memory that `allocate` gave and frees it; leaves any other alone. */
  release(arrayBuffer: ArrayBuffer): void;
  /** How many threads a call may use, of the whole process. */
  getNumThreads(): number;
  setNumThreads(count: number): void;
  /** The same, unless somebody of this process said already. */
  setFirstNumThreads(count: number): void;
  /** For tests: calls are split among threads however little there is to do. */
  setSplitsAll(splitsAll: boolean): void;
  /** For the bench. */
  readonly limits?: Limits;
}

/** The shape of {@link Addon}: an addon that was built for another one is not used. */
const abi = 4;

/**
 * Measured on Zen 5 with Node 20: a gather through N-API costs 80-95 ns before the first float is copied (twice that on a busy machine), and
 * plain JavaScript copies a float in 1.2-1.9 ns. They meet at 16 rows of 3, 4 rows of 16 and 2-3 rows of 64.
 */
const callCost = 64;

function known(): string[] {
  if (process.arch === "x64") return ["avx512", "avx2", "baseline"];
  return [process.arch === "arm64" ? "neon" : "baseline"];
}

/** The addon, or why there is none, in one line. */
function tryToLoad(): Addon | string {
  try {
    return loadAddon(abi) as Addon;
  } catch (error) {
    return String(error instanceof Error ? error.message : error).split("\n", 1)[0];
  }
}

function nativeWithout(why: string): Native {
  return {
    candidates: known().map((isa) => ({ name: "native", isa, why })),
    threads: undefined,
    limits: undefined,
  };
}

function nativeOf(addon: Addon): Native {
  // Fallback: the engine refuses foreign memory, or byteLength is 0; otherwise this throws.
  const lease = (byteLength: number): ArrayBuffer => addon.allocate(byteLength) ?? new ArrayBuffer(byteLength);
  const allocate = (byteLength: number): Block => new ArrayBufferBlock(byteLength, lease, addon.release);
  const able = Object.entries(addon.implementations).map(([isa, kernels]): Candidate => {
    const begin = (calls: readonly Call[]): Promise<void> => {
      try {
        for (const call of calls) makeCall(addon.noted[isa], call);
        return addon.run();
      } catch (error) {
        addon.forget();
        throw error;
      }
    };
    const later = (calls: readonly Call[]): Promise<void> => turns.take(() => begin(calls));
    // Every family has its kernels in the one table.
    const kernelsOf = <Some>(): Some => kernels as Some;
    const backend: Backend = { name: "native", isa, kernels: kernelsOf, callCost, later, allocate, moves: () => false };
    return { name: "native", isa, open: () => backend };
  });
  const unable = Object.entries(addon.unsupported).map(([isa, why]): Candidate => ({ name: "native", isa, why }));
  const threads = { ...addon, available: availableParallelism() };
  return { candidates: [...able, ...unable], threads, limits: addon.limits };
}

/**
 * Two lists of calls at most are off the event loop: each uses all threads of ours, and those of Node's pool are there for files and names
 * too. With one alone nothing would be done from its end until the event loop has begun the next.
 */
const turns = new Turns(2);

/** What opening the addon came to. */
let opened: Native | undefined;

/** The native backend; all of it shares one kind of memory. The addon is opened the first time, if the environment has nothing against it. */
export function openNative(isForced = false): Native {
  if (opened !== undefined) return opened;
  const why = isForced ? undefined : whyNotNative();
  if (why !== undefined) return nativeWithout(why);
  const addon = tryToLoad();
  opened = typeof addon === "string" ? nativeWithout(addon) : nativeOf(addon);
  return opened;
}
