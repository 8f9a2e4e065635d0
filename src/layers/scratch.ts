import { floatBytes } from "../allocate.js";
import type { Backend, Block } from "../backend/backend.js";

/** Every view begins at a cache line. */
const alignment = 16;

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
    const padded = lengths.map((length) => Math.ceil(length / alignment) * alignment);
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
