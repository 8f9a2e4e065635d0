/** THE CONTRACT. What a backend is: memory, and kernels that work in it (kernels.ts says what each of them promises). */

import type { Call } from "./calls.js";

export * from "./kernels.js";

/** The most rows a table may have, so that a negative Int32 index read as Uint32 is always out of range. */
export const maxRows = 0x7fffffff;

/**
 * From this length on plain JavaScript copies a row by one `set` sooner than float by float: 34 ns instead of 80 at 64 floats (measured in
 * V8). A longer row costs no more than one of this length.
 */
export const longRow = 32;

/**
 * Memory that a backend owns and its kernels read without a copy.
 *
 * A view is valid until the next `allocate` on the same backend (WASM memory may move when it grows) or until the block
 * is disposed of: ask for it anew, never keep it.
 */
export interface Block {
  readonly byteLength: number;
  f32(byteOffset?: number, length?: number): Float32Array;
  u32(byteOffset?: number, length?: number): Uint32Array;
  /** Gives the memory back. Views of it become empty or stale. Twice is harmless. */
  dispose(): void;
}

/**
 * Kernels that are wanted together. Who needs some of them names their family, so that a bundle brings no others: an isolate that looks rows
 * up need not parse what trains. The families are in families/.
 */
export interface Family<Some> {
  /** In plain TypeScript: what the others must give the bits of. */
  readonly specification: Some;
  /** Around what a module of WebAssembly exports: a `Staging`, which only the WASM backend has. */
  readonly staged: (staging: never) => Some;
}

/** The names of the three backends. */
export type BackendName = "native" | "wasm" | "js";

/** One implementation of the kernels, and the memory they work in. Its full name is `name:isa`, for example "native:avx2". */
export interface Backend {
  readonly name: BackendName;
  /** "avx512", "avx2", "neon", "baseline" (native); "simd", "scalar" (wasm); "scalar" (js). */
  readonly isa: string;
  /** Its kernels of a family. */
  kernels<Some>(family: Family<Some>): Some;
  /** How many floats plain JavaScript moves in the time that one call into this backend costs: smaller work stays in JavaScript. */
  readonly callCost: number;
  /**
   * Makes calls one after the other off the event loop, where the backend has threads for that (native). Until the promise settles nobody
   * else may write to what they are given, nor give it back.
   */
  readonly later?: (calls: readonly Call[]) => Promise<void>;
  /** Zeroed memory, 64-byte aligned where the platform allows it. Throws RangeError [ERR_OUT_OF_MEMORY]. */
  allocate(byteLength: number): Block;
  /** Whether the array is a view of this backend's memory that the next `allocate` may empty (WASM memory moves when it grows). */
  moves(array: ArrayBufferView): boolean;
}

/** An implementation that is known here: either it can be opened, or `why` says what is missing. */
export type Candidate =
  | { readonly name: BackendName; readonly isa: string; open(): Backend }
  | { readonly name: BackendName; readonly isa: string; readonly why: string };

/** The threads that native kernels share, one number for the whole process. */
export interface Threads {
  /** What the machine has. */
  readonly available: number;
  getNumThreads(): number;
  /** In [1, maxThreads]. */
  setNumThreads(count: number): void;
  /** The same, unless somebody of this process said already. */
  setFirstNumThreads(count: number): void;
  /** For tests: calls are split however little there is to do. */
  setSplitsAll(splitsAll: boolean): void;
}

/** What `#native` leads to. */
export interface Native {
  /** One for each instruction set of this architecture, best first. */
  readonly candidates: readonly Candidate[];
  /** The threads of this process that they may use; undefined where none of them works. */
  readonly threads: Threads | undefined;
  /** What the machine can do at best, where there is an addon: for the bench. */
  readonly limits: Limits | undefined;
}

/** The most threads that may be asked for. */
export const maxThreads = 256;

/** What the machine can do at best, timed by bare loops with the widest vectors on so many threads, each in seconds: no kernels. */
export interface Limits {
  /** "AVX-512", "AVX2 with FMA", …: what the loops use. */
  readonly vectors: string;
  /** Reads that many floats, `rounds` times. */
  read(from: Float32Array, count: number, numThreads: number, rounds: number): number;
  /** Copies them. */
  copy(from: Float32Array, to: Float32Array, count: number, numThreads: number, rounds: number): number;
  /** Rows of a table to `out`, or with an empty one no further than into registers. */
  rows(
    table: Float32Array,
    numEmbeddings: number,
    embeddingDim: number,
    rows: Uint32Array,
    numRows: number,
    out: Float32Array,
    numThreads: number,
    rounds: number,
  ): number;
  /** That many multiplications, each with an addition, on each thread. */
  multiplyAdd(numPairs: number, numThreads: number, rounds: number): number;
}
