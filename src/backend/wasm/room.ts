import type { Heap } from "./heap.js";

type Words = Float32Array | Uint32Array;

/**
 * The window, or the front of it: a fixed part of linear memory through which a kernel's arrays are carried, one behind the other, when
 * they are not at home. An array of nothing is the address 0: "none".
 */
export class Room {
  readonly #heap: Heap;
  readonly #first: number;
  /** Where it begins, and how many words there are. */
  readonly address: number;
  readonly capacity: number;
  /** The word that is taken next. */
  #next: number;

  constructor(heap: Heap, address: number, capacity: number) {
    this.#heap = heap;
    this.address = address;
    this.#first = address >>> 2;
    this.capacity = capacity;
    this.#next = this.#first;
  }

  /** How many words of it `count` words of an array take. */
  words(array: Words, count: number): number {
    return array.length === 0 || this.#heap.holds(array) ? 0 : count;
  }

  /** How many of `count` rows, of so many words of the window each, go through it at once. */
  rowsAtOnce(count: number, words: number): number {
    return words === 0 ? count : Math.floor(this.capacity / words);
  }

  /** All of it is free again. */
  restart(): void {
    this.#next = this.#first;
  }

  /** The address of `count` words of it. */
  keep(count: number): number {
    const at = this.#next;
    this.#next += count;
    return at * 4;
  }

  /** The address of a part of an array: where it is, when it is at home, or else of its copy. */
  carry(array: Words, start: number, count: number): number {
    if (array.length === 0) return 0;
    return this.#heap.holds(array) ? array.byteOffset + start * 4 : this.bring(array, start, count);
  }

  /** The address of a copy of a part of an array. */
  bring(array: Words, start: number, count: number): number {
    const at = this.keep(count);
    if (isFloats(array)) this.#heap.f32.set(slice(array, start, count), at >>> 2);
    else this.#heap.u32.set(slice(array, start, count), at >>> 2);
    return at;
  }

  /** As {@link carry} for what is written and not read: nothing is copied before {@link takeHome}. */
  place(array: Words, start: number, count: number): number {
    if (array.length === 0) return 0;
    return this.#heap.holds(array) ? array.byteOffset + start * 4 : this.keep(count);
  }

  /** Copies a part of an array back from where `carry` or `place` put it. */
  takeHome(array: Words, start: number, count: number, address: number): void {
    const at = address >>> 2;
    const words = isFloats(array) ? this.#heap.f32 : this.#heap.u32;
    if (at >= this.#first && at < this.#next) array.set(slice<Words>(words, at, count), start);
  }
}

/** The array itself where it is all wanted, for a subarray costs as much as copying a hundred floats. */
function slice<View extends Words>(view: View, start: number, count: number): View {
  return start === 0 && count === view.length ? view : (view.subarray(start, start + count) as View);
}

/** By its tag where it is of another realm (iframes, vm contexts, test runners): its floats carried as integers would be other numbers. */
function isFloats(array: Float32Array | Uint32Array): array is Float32Array {
  return array instanceof Float32Array || array[Symbol.toStringTag] === ("Float32Array" as string);
}
