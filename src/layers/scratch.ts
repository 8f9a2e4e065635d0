import { floatBytes } from "../allocate.js";
import type { Backend, Block } from "../backend/backend.js";

/** Floats of a cache line: every view begins at one. */
const lineFloats = 16;

/** So many floats, and those behind them up to where a view may begin. */
export function wholeLines(floats: number): number {
  return Math.ceil(floats / lineFloats) * lineFloats;
}

/**
 * Memory of a backend that a layer works in: made when it is first asked for, made anew when more is wanted, given back by `dispose`. In
 * WASM what lies here is at home, so no call carries it through the window.
 */
export class Scratch {
  readonly #backend: Backend;
  #block: Block | null = null;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Views of so many floats each, apart from each other and with anything in them; valid until the next `allocate` of the backend. */
  take(...lengths: readonly number[]): Float32Array[] {
    const padded = lengths.map(wholeLines);
    const bytes = padded.reduce((sum, each) => sum + each, 0) * floatBytes;
    if (this.#block === null || this.#block.byteLength < bytes) {
      this.dispose();
      this.#block = this.#backend.allocate(bytes);
    }
    let at = 0;
    return lengths.map((length, i) => {
      const view = this.#block!.f32(at, length);
      at += padded[i] * floatBytes;
      return view;
    });
  }

  dispose(): void {
    this.#block?.dispose();
    this.#block = null;
  }
}

/** So much memory to work in is kept for calls to come; what more of them took at once is given back. */
const mostKept = 4;

/** Memory to work in for calls that are in flight at once, each with its own. */
export class Scratches {
  readonly #backend: Backend;
  #free: Scratch[] = [];

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  take(): Scratch {
    return this.#free.pop() ?? new Scratch(this.#backend);
  }

  /** Takes it back: its views are another's from now on. */
  give(scratch: Scratch): void {
    if (this.#free.length < mostKept) this.#free.push(scratch);
    else scratch.dispose();
  }

  dispose(): void {
    for (const scratch of this.#free) scratch.dispose();
    this.#free = [];
  }
}
