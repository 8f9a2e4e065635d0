import { rangeError } from "../../errors.js";
import { inUse, viewLength } from "../arrayBufferBlock.js";
import type { Block } from "../backend.js";
import { FreeList, type Region } from "./freeList.js";

const pageBytes = 65536;

/** A cache line, and four v128. */
const alignment = 64;

/** Kernels read up to 28 bytes past a row (and mask what they read): the last line of memory belongs to nobody, so that they may. */
const readAhead = 64;

/** Memory grows by whole MiB, or by what is needed when that is refused: small enough for an isolate of 128 MB. */
const growthPages = 16;

/**
 * The one linear memory of a WASM implementation, handed out in zeroed 64-byte-aligned blocks.
 *
 * Memory grows here and nowhere else, so `buffer` and the two whole views are right whenever no `allocate` is running; they are
 * replaced, and the old ones empty, after an `allocate` that grew.
 */
export class Heap {
  readonly #memory: WebAssembly.Memory;
  readonly #freeList = new FreeList();
  /** Cloudflare Workers whose compatibility date lies before May 2025 have none: there only `dispose` gives memory back. */
  readonly #dropped: FinalizationRegistry<Region> | undefined;
  #end: number;
  /** Above this nothing was ever handed out, so memory there still holds the zeros it was born with. */
  #untouched: number;
  buffer!: ArrayBuffer;
  /** All of linear memory. */
  f32!: Float32Array;
  /** All of linear memory. */
  u32!: Uint32Array;

  /** @param base the first address that belongs to the heap. */
  constructor(memory: WebAssembly.Memory, base: number) {
    this.#memory = memory;
    if (typeof FinalizationRegistry === "function") {
      this.#dropped = new FinalizationRegistry((region) => this.#freeList.give(region.address, region.size));
    }
    this.#end = memory.buffer.byteLength - readAhead;
    const first = roundUp(base, alignment);
    this.#untouched = first;
    this.#freeList.give(first, this.#end - first);
    this.#refresh();
  }

  /** The free regions, for tests. */
  get free(): readonly Region[] {
    return this.#freeList.regions;
  }

  /** Whether a view lies in this memory as it is now: then its byteOffset is a pointer. A view from before a growth does not. */
  holds(view: ArrayBufferView): boolean {
    return view.buffer === this.buffer;
  }

  /** Zeroed memory, 64-byte aligned. Throws RangeError [ERR_OUT_OF_MEMORY]. A block that is dropped undisposed is found and freed. */
  allocate(byteLength: number): Block {
    const size = sizeOf(byteLength);
    const region = { address: this.#reserve(byteLength, size), size };
    const block: Block = new HeapBlock(this, region.address, byteLength, () => {
      this.#dropped?.unregister(block);
      this.#freeList.give(region.address, region.size);
    });
    this.#dropped?.register(block, region, block);
    return block;
  }

  /** The address of zeroed memory that stays reserved until the heap dies. */
  reserve(byteLength: number): number {
    return this.#reserve(byteLength, sizeOf(byteLength));
  }

  #reserve(byteLength: number, size: number): number {
    if (!Number.isInteger(byteLength) || byteLength < 0) throw outOfMemory(byteLength);
    const address = this.#freeList.take(size) ?? this.#grow(byteLength, size);
    const dirty = Math.min(address + size, this.#untouched);
    if (dirty > address) new Uint8Array(this.buffer, address, dirty - address).fill(0);
    this.#untouched = Math.max(this.#untouched, address + size);
    return address;
  }

  #grow(byteLength: number, size: number): number {
    const pages = Math.ceil((size - this.#freeList.freeBelow(this.#end)) / pageBytes);
    if (!this.#growBy(roundUp(pages, growthPages)) && !this.#growBy(pages)) throw outOfMemory(byteLength);
    return this.#freeList.take(size)!;
  }

  #growBy(pages: number): boolean {
    try {
      this.#memory.grow(pages);
    } catch {
      return false;
    }
    this.#freeList.give(this.#end, pages * pageBytes);
    this.#end += pages * pageBytes;
    this.#refresh();
    return true;
  }

  #refresh(): void {
    this.buffer = this.#memory.buffer;
    this.f32 = new Float32Array(this.buffer);
    this.u32 = new Uint32Array(this.buffer);
  }
}

/** While the whole view of a block is in somebody's hands the block is not dropped: a table outlives the layer that made it. */
const owners = new WeakMap<Float32Array, HeapBlock>();

class HeapBlock implements Block {
  readonly #heap: Heap;
  readonly #free: () => void;
  /** null when the block was given back. */
  #address: number | null;
  #byteLength: number;
  #whole: Float32Array | undefined;

  constructor(heap: Heap, address: number, byteLength: number, free: () => void) {
    this.#heap = heap;
    this.#address = address;
    this.#byteLength = byteLength;
    this.#free = free;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  f32(byteOffset = 0, length?: number): Float32Array {
    const address = inUse(this.#address);
    const count = viewLength(this.#byteLength, byteOffset, length);
    if (byteOffset !== 0 || count !== this.#byteLength >>> 2) {
      return new Float32Array(this.#heap.buffer, address + byteOffset, count);
    }
    if (this.#whole?.buffer !== this.#heap.buffer) {
      this.#whole = new Float32Array(this.#heap.buffer, address, count);
      owners.set(this.#whole, this);
    }
    return this.#whole;
  }

  u32(byteOffset = 0, length?: number): Uint32Array {
    const address = inUse(this.#address) + byteOffset;
    return new Uint32Array(this.#heap.buffer, address, viewLength(this.#byteLength, byteOffset, length));
  }

  dispose(): void {
    if (this.#address === null) return;
    this.#address = null;
    this.#byteLength = 0;
    this.#whole = undefined;
    this.#free();
  }
}

/** Even an empty block has a line to itself: every block has an address of its own. */
function sizeOf(byteLength: number): number {
  return roundUp(Math.max(byteLength, 1), alignment);
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

function outOfMemory(byteLength: number): RangeError {
  return rangeError(
    "ERR_OUT_OF_MEMORY",
    `byteLength is ${byteLength}, expected what this WebAssembly memory can still hold, of 4 GiB in all`,
  );
}
