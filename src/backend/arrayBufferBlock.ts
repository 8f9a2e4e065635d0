import { rangeError, typeError } from "../errors.js";
import type { Block } from "./backend.js";

/** A block in an ArrayBuffer of its own. */
export class ArrayBufferBlock implements Block {
  readonly #release: (memory: ArrayBuffer) => void;
  /** null when it was given back. */
  #memory: ArrayBuffer | null;

  /**
   * @param allocate gives zeroed memory, or throws where there is not that much.
   * @param release takes it back.
   * @throws RangeError [ERR_OUT_OF_MEMORY]
   */
  constructor(
    byteLength: number,
    allocate: (byteLength: number) => ArrayBuffer = (bytes) => new ArrayBuffer(bytes),
    release: (memory: ArrayBuffer) => void = () => {},
  ) {
    this.#release = release;
    try {
      this.#memory = allocate(byteLength);
    } catch {
      throw rangeError("ERR_OUT_OF_MEMORY", `byteLength is ${byteLength}, expected what this machine can allocate`);
    }
  }

  get byteLength(): number {
    return this.#memory === null ? 0 : this.#memory.byteLength;
  }

  f32(byteOffset = 0, length?: number): Float32Array {
    const memory = inUse(this.#memory);
    return new Float32Array(memory, byteOffset, viewLength(memory.byteLength, byteOffset, length));
  }

  u32(byteOffset = 0, length?: number): Uint32Array {
    const memory = inUse(this.#memory);
    return new Uint32Array(memory, byteOffset, viewLength(memory.byteLength, byteOffset, length));
  }

  dispose(): void {
    if (this.#memory !== null) this.#release(this.#memory);
    this.#memory = null;
  }
}

/** What a block lives in, where it still does. Throws TypeError [ERR_DISPOSED]. */
export function inUse<T>(memory: T | null): T {
  if (memory === null) throw typeError("ERR_DISPOSED", "block is disposed, expected one in use");
  return memory;
}

/**
 * How many words a view of a block has. Throws RangeError [ERR_OUT_OF_RANGE] unless it stays inside the block, for behind it may lie
 * another's.
 */
export function viewLength(byteLength: number, byteOffset: number, length: number | undefined): number {
  if (!Number.isInteger(byteOffset) || byteOffset < 0 || byteOffset > byteLength || byteOffset % 4 !== 0) {
    throw rangeError("ERR_OUT_OF_RANGE", `byteOffset is ${byteOffset}, expected a multiple of 4 in [0, ${byteLength}]`);
  }
  const most = Math.floor((byteLength - byteOffset) / 4);
  if (length !== undefined && (!Number.isInteger(length) || length < 0 || length > most)) {
    throw rangeError("ERR_OUT_OF_RANGE", `length is ${length}, expected an integer in [0, ${most}]`);
  }
  return length ?? most;
}
