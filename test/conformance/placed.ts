import type { Backend, Block } from "../../src/backend/backend.js";
import { bitsOf, expectSameBits } from "./bits.js";
import type { Random } from "./cases.js";

/** Where an array lies: in a block of the backend, or in memory of the caller's. */
export type Place = "home" | "own";

/** All ways to place three arrays. */
export const placesOfThree: readonly (readonly [Place, Place, Place])[] = [
  ["home", "home", "home"],
  ["home", "home", "own"],
  ["home", "own", "home"],
  ["home", "own", "own"],
  ["own", "home", "home"],
  ["own", "home", "own"],
  ["own", "own", "home"],
  ["own", "own", "own"],
];

/** What stands before and behind the values: no kernel may write it. Read as a float it is a NaN that would spoil any sum. */
const guard = 0xffdecade;
const guardsBehind = 19;

/**
 * An array for a kernel between two stretches of guards, at a byte offset that is a multiple of 4 and of nothing more. Its view may go on
 * over the guards behind it: arrays may be longer than the counts say.
 *
 * Ask for `floats` or `words` anew after each allocation, as everybody must.
 */
export class Placed {
  readonly #length: number;
  readonly #before: number;
  readonly #viewLength: number;
  readonly #block: Block | undefined;
  readonly #memory: ArrayBuffer | undefined;

  constructor(random: Random, backend: Backend, place: Place, values: Float32Array | Uint32Array) {
    this.#length = values.length;
    this.#before = 1 + 2 * random.below(9); // 4, 12, 20, ... 68 bytes
    this.#viewLength = values.length + random.of([0, 0, guardsBehind]);
    const bytes = (this.#before + values.length + guardsBehind) * 4;
    if (place === "home") this.#block = backend.allocate(bytes);
    else this.#memory = new ArrayBuffer(bytes);
    this.set(values);
  }

  /** The values, to be given to a kernel as floats. */
  get floats(): Float32Array {
    return this.#block
      ? this.#block.f32(this.#before * 4, this.#viewLength)
      : new Float32Array(this.#memory!, this.#before * 4, this.#viewLength);
  }

  /** The values, to be given to a kernel as indices. */
  get words(): Uint32Array {
    return bitsOf(this.floats);
  }

  /** Puts other values of the same length in. */
  set(values: Float32Array | Uint32Array): void {
    this.#all.fill(guard);
    this.words.set(values instanceof Float32Array ? bitsOf(values) : values);
  }

  /** Throws unless the values are these, bit for bit, and the guards are as they were. */
  expect(values: Float32Array, what: string): void {
    expectSameBits(this.floats.subarray(0, this.#length), values, what);
    const all = this.#all;
    for (let i = 0; i < all.length; i++) {
      if (i === this.#before) i += this.#length;
      if (all[i] !== guard) throw new Error(`${what}: wrote float ${i - this.#before} of ${this.#length}`);
    }
  }

  dispose(): void {
    this.#block?.dispose();
  }

  get #all(): Uint32Array {
    return this.#block ? this.#block.u32() : new Uint32Array(this.#memory!);
  }
}

/** Places several arrays, runs the test on them and gives their memory back. */
export function withPlaced<T extends readonly (Float32Array | Uint32Array)[]>(
  random: Random,
  backend: Backend,
  places: readonly Place[],
  values: T,
  run: (...placed: { [each in keyof T]: Placed }) => void,
): void {
  const placed = values.map((each, i) => new Placed(random, backend, places[i], each));
  try {
    run(...(placed as { [each in keyof T]: Placed }));
  } finally {
    for (const each of placed) each.dispose();
  }
}
