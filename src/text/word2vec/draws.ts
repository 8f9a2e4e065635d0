import type { Generator } from "../../random/generator.js";

/** Numbers made at a time: the state stays in registers meanwhile. */
const blockLength = 1024;

/** What the next draws depend on: the four words of the engine when the block was begun, and how many of the block were drawn. */
export type DrawsState = readonly [a: number, b: number, c: number, counter: number, drawn: number];

/**
 * A fast stream of 32-bit integers: sfc32 (Doty-Humphrey's "small fast counter", PractRand). MT19937 takes twice as long for each.
 * Integers only, so that every engine draws the same.
 */
export class Draws {
  readonly #words = new Int32Array(blockLength);
  #next = blockLength;
  #a = 0;
  #b = 0;
  #c = 0;
  #counter = 1;
  #begun: readonly [number, number, number, number] = [0, 0, 0, 1];

  /** Begins at three draws of the generator. */
  constructor(generator: Generator) {
    this.#a = generator.uint32() | 0;
    this.#b = generator.uint32() | 0;
    this.#c = generator.uint32() | 0;
    this.#refill(); // the seed is not well mixed before the twelfth draw: one block is passed over
    this.#next = blockLength;
  }

  /** An integer in [-2^31, 2^31). */
  draw(): number {
    if (this.#next === blockLength) this.#refill();
    return this.#words[this.#next++];
  }

  get state(): DrawsState {
    return this.#next === blockLength ? [this.#a, this.#b, this.#c, this.#counter, 0] : [...this.#begun, this.#next];
  }

  set state([a, b, c, counter, drawn]: DrawsState) {
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#counter = counter;
    this.#next = blockLength;
    if (drawn > 0) this.#refill();
    if (drawn > 0) this.#next = drawn;
  }

  #refill(): void {
    let [a, b, c, counter] = [this.#a, this.#b, this.#c, this.#counter];
    this.#begun = [a, b, c, counter];
    const words = this.#words;
    for (let i = 0; i < blockLength; i++) {
      const word = (((a + b) | 0) + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + word) | 0;
      words[i] = word;
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#counter = counter;
    this.#next = 0;
  }
}
