import { floatWith } from "./bits.js";

/** The row lengths that everything is tried with: none, odd ones, one around each vector length, and those of real models. */
export const dims = [0, 1, 3, 4, 7, 15, 16, 17, 31, 33, 64, 100, 128, 300, 768];

/** A small generator of the test's own (mulberry32), so that a fault in src/random cannot hide one in a kernel. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let x = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return (x ^ (x >>> 14)) >>> 0;
  }

  /** An integer in [0, end). */
  below(end: number): number {
    return Math.floor((this.uint32() / 2 ** 32) * end);
  }

  /** One of these. */
  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }
}

/** Both zeros, the ends of the subnormals and of the normals, infinities, quiet and signalling NaN. */
export const specialFloats = [
  0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x007fffff, 0x807fffff, 0x00800000, 0x80800000, 0x7f7fffff,
  0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7f800001, 0x7fffffff,
].map(floatWith);

/**
 * What tables are filled with.
 * - ordinary: magnitudes from 2^-4 to 2^3, so that every sum rounds and its order shows.
 * - tiny: about 2^-70, so that products are subnormal.
 * - zeros: +0 and -0 only, so that a sign that is lost or made up shows.
 * - special: ordinary, and now and then one of {@link specialFloats}.
 */
export const fillings = ["ordinary", "tiny", "zeros", "special"] as const;
export type Filling = (typeof fillings)[number];

export function filled(random: Random, length: number, filling: Filling = "ordinary"): Float32Array {
  const draw = draws[filling];
  const floats = new Float32Array(length);
  for (let i = 0; i < length; i++) floats[i] = draw(random); // not from(): this is most of the time that tests take
  return floats;
}

const magnitudes = [-4, -3, -2, -1, 0, 1, 2, 3].map((exponent) => 2 ** exponent);

const draws: Readonly<Record<Filling, (random: Random) => number>> = {
  ordinary: (random) => (random.uint32() / 2 ** 31 - 1) * random.of(magnitudes),
  tiny: (random) => (random.uint32() / 2 ** 31 - 1) * 2 ** -70,
  zeros: (random) => (random.below(2) === 0 ? 0 : -0),
  special: (random) => (random.below(24) === 0 ? random.of(specialFloats) : draws.ordinary(random)),
};

/** Lists of indices of a table of numEmbeddings rows, by what is told of them. */
export function indexLists(random: Random, numEmbeddings: number): Record<string, Uint32Array> {
  const last = numEmbeddings - 1;
  const draw = (length: number) => Uint32Array.from({ length }, () => random.below(numEmbeddings));
  return {
    "an empty batch": new Uint32Array(0),
    "the first row": Uint32Array.of(0),
    "the last row": Uint32Array.of(last),
    "first and last, repeated": Uint32Array.of(last, 0, last, last, 0, 0, last),
    "one row 70 times": new Uint32Array(70).fill(last >>> 1),
    "every row, backward": Uint32Array.from({ length: numEmbeddings }, (_, i) => last - i),
    "200 rows": draw(200),
  };
}

/** Positions at which one index of a list is spoiled, and with what: the first row that is not there, and the two ends of "negative". */
export function* spoiled(
  indices: Uint32Array,
  numEmbeddings: number,
): Generator<{ position: number; indices: Uint32Array; what: string }> {
  const positions = new Set([0, indices.length >>> 1, indices.length - 1]);
  for (const position of positions) {
    for (const index of [numEmbeddings, 0x80000000, 0xffffffff]) {
      const bad = indices.slice();
      bad[position] = index;
      yield { position, indices: bad, what: `indices[${position}] = ${index} of ${indices.length}` };
    }
  }
}
