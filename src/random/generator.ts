import { cosine, logarithm, sine } from "../elementary.js";
import { rangeError, show, typeError } from "../errors.js";
import { decodeState, encodeState, stateWords } from "./torchState.js";

/** The distance of the words that MT19937 mixes. */
const twistShift = 397;

/** PyTorch's `default_rng_seed_val`. */
const defaultSeed = 67280421310721n;

/**
 * A stream of random numbers: PyTorch's CPU generator, bit for bit (MT19937; `ATen/core/MT19937RNGEngine.h`,
 * `ATen/CPUGeneratorImpl.cpp`). The same seed gives the same stream as `torch.Generator().manual_seed(seed)`, on every
 * platform and JavaScript engine. Not for secrets.
 *
 * @example
 * import { Generator } from "nn-embedding";
 * const generator = new Generator(123);
 * generator.uint32(); // => 2991312382
 * generator.initialSeed; // => 123n
 */
export class Generator {
  /** The words of the engine. Drawn words come from here, tempered. */
  readonly #state = new Uint32Array(stateWords);
  /** Whether the words are still to be made of the seed: who draws none, as at the edge with a table that is brought, need not wait for them. */
  #isUnmade = true;
  /** Draws until the words must be made anew, plus one: PyTorch's `left_`. */
  #left = 1;
  /** The next word to draw: PyTorch's `next_`. */
  #next = 0;
  #seed = 0n;
  /** The sine half of the last `normal64`, kept for the next; NaN when there is none. */
  #normal = Number.NaN;

  /**
   * @param seed see `manualSeed`; without one, the seed of a new `torch.Generator()`, 67280421310721
   * @throws as `manualSeed` does
   */
  constructor(seed: number | bigint = defaultSeed) {
    this.manualSeed(seed);
  }

  /**
   * Starts the stream again from a seed, and forgets a cached normal sample.
   *
   * Negative seeds count from 2 ** 64, and only the low 32 bits of a seed reach the stream: both as in PyTorch.
   *
   * @param seed a safe integer, or a bigint in [-2 ** 63, 2 ** 64)
   * @returns this generator
   * @throws TypeError [ERR_INVALID_ARG_TYPE] if the seed is neither a number nor a bigint
   * @throws RangeError [ERR_OUT_OF_RANGE] if it is no integer, or out of range
   * @example
   * import { Generator } from "nn-embedding";
   * const generator = new Generator();
   * generator.manualSeed(123).float32() === new Generator(123).float32(); // => true
   * generator.manualSeed(-1).initialSeed; // => 18446744073709551615n
   */
  manualSeed(seed: number | bigint): this {
    this.#seed = BigInt.asUintN(64, checkSeed(seed));
    this.#isUnmade = true;
    this.#left = 1;
    this.#next = 0;
    this.#normal = Number.NaN;
    return this;
  }

  /**
   * The seed that the stream started from, in [0, 2 ** 64).
   *
   * @example
   * import { Generator } from "nn-embedding";
   * new Generator().initialSeed; // => 67280421310721n
   */
  get initialSeed(): bigint {
    return this.#seed;
  }

  /**
   * One draw: an integer in [0, 2 ** 32).
   *
   * @example
   * import { Generator } from "nn-embedding";
   * new Generator(0).uint32(); // => 2357136044
   */
  uint32(): number {
    if (--this.#left === 0) this.#refill();
    return temper(this.#state[this.#next++]) >>> 0;
  }

  /**
   * Two draws: an integer in [0, 2 ** 64), the first draw on top.
   *
   * @example
   * import { Generator } from "nn-embedding";
   * new Generator(0).uint64(); // => 10123822223749065263n
   */
  uint64(): bigint {
    const high = this.uint32();
    return (BigInt(high) << 32n) | BigInt(this.uint32());
  }

  /**
   * One draw: a multiple of 2 ** -24 in [0, 1), as `torch.rand(1)`.
   *
   * @example
   * import { Generator } from "nn-embedding";
   * new Generator(123).float32().toFixed(4); // => "0.2961"
   */
  float32(): number {
    return (this.uint32() & 0xffffff) * 2 ** -24;
  }

  /**
   * Two draws: a multiple of 2 ** -53 in [0, 1), as `torch.rand(1, dtype=torch.float64)`.
   *
   * @example
   * import { Generator } from "nn-embedding";
   * new Generator(123).float64() < 1; // => true
   */
  float64(): number {
    const high = this.uint32() & 0x1fffff;
    return (high * 2 ** 32 + this.uint32()) * 2 ** -53;
  }

  /**
   * A standard normal sample in double precision, as PyTorch draws them for fewer than 16 values: four draws make two
   * samples (Box and Muller); the second is kept and returned by the next call, whoever makes it.
   *
   * `ATen/core/DistributionsHelper.h`, `normal_distribution<double>`.
   *
   * @example
   * import { Generator } from "nn-embedding";
   * new Generator(123).normal64().toFixed(4); // => "-0.1115"
   */
  normal64(): number {
    const cached = this.#normal;
    if (!Number.isNaN(cached)) {
      this.#normal = Number.NaN;
      return cached;
    }
    const turn = this.float64();
    const radius = Math.sqrt(-2 * logarithm(1 - this.float64()));
    const angle = 2 * Math.PI * turn;
    this.#normal = radius * sine(angle);
    return radius * cosine(angle);
  }

  /**
   * Fills `out` with draws of `uint32`, faster than one by one.
   *
   * @param out Where the draws go.
   * @returns `out`
   * @example
   * import { Generator } from "nn-embedding";
   * new Generator(0).fillUint32(new Uint32Array(2)); // => Uint32Array [2357136044, 2546248239]
   */
  fillUint32(out: Uint32Array): Uint32Array {
    for (let i = 0; i < out.length; ) {
      const end = Math.min(out.length, i + this.#ready());
      const state = this.#state;
      const shift = this.#next - i;
      const first = i;
      for (; i < end; i++) out[i] = temper(state[i + shift]);
      this.#took(end - first);
    }
    return out;
  }

  /**
   * Fills `out` with draws of `float32`, faster than one by one: `torch.empty(n).uniform_()`.
   *
   * @param out Where the draws go.
   * @returns `out`
   * @example
   * import { Generator } from "nn-embedding";
   * new Generator(7).fillFloat32(new Float32Array(2))[0] === new Generator(7).float32(); // => true
   */
  fillFloat32(out: Float32Array): Float32Array {
    for (let i = 0; i < out.length; ) {
      const end = Math.min(out.length, i + this.#ready());
      const state = this.#state;
      const shift = this.#next - i;
      const first = i;
      for (; i < end; i++) out[i] = (temper(state[i + shift]) & 0xffffff) * 2 ** -24;
      this.#took(end - first);
    }
    return out;
  }

  /**
   * Everything that the stream depends on, in 5056 bytes: the bytes of PyTorch's `torch.get_rng_state()`, so that a
   * stream begun there goes on here, and the other way round.
   *
   * @example
   * import { Generator } from "nn-embedding";
   * const generator = new Generator(5);
   * const state = generator.getState();
   * const drawn = generator.uint32();
   * generator.setState(state).uint32() === drawn; // => true
   */
  getState(): Uint8Array {
    this.#makeWords();
    return encodeState({
      seed: this.#seed,
      left: this.#left,
      next: this.#next,
      normal: this.#normal,
      words: this.#state,
    });
  }

  /**
   * Goes on from a state of `getState` or of `torch.get_rng_state()`. A refused state changes nothing.
   *
   * @param state 5056 bytes
   * @returns this generator
   * @throws TypeError [ERR_INVALID_ARG_TYPE] if the state is no Uint8Array
   * @throws RangeError [ERR_INVALID_LENGTH] if it has another length
   * @throws RangeError [ERR_OUT_OF_RANGE] if its counters are none that a generator can have
   * @example
   * import { Generator } from "nn-embedding";
   * const first = new Generator(1);
   * const second = new Generator(2).setState(first.getState());
   * first.uint64() === second.uint64(); // => true
   */
  setState(state: Uint8Array): this {
    const { seed, left, next, normal, words } = decodeState(state);
    this.#seed = seed;
    this.#isUnmade = false;
    this.#left = left;
    this.#next = next;
    this.#normal = normal;
    this.#state.set(words);
    return this;
  }

  /** The words that the seed begins with: `init_with_uint32` of MT19937. */
  #makeWords(): void {
    if (!this.#isUnmade) return;
    this.#isUnmade = false;
    const state = this.#state;
    let word = Number(this.#seed & 0xffffffffn);
    state[0] = word;
    for (let j = 1; j < stateWords; j++) {
      word = (Math.imul(1812433253, word ^ (word >>> 30)) + j) | 0;
      state[j] = word;
    }
  }

  /** Words that can be drawn from `#next` on, at least one. */
  #ready(): number {
    if (this.#left === 1) this.#refill();
    else this.#left -= 1;
    return this.#left;
  }

  /** Counts the draws made after `#ready`, which has counted one of them already. */
  #took(count: number): void {
    this.#left -= count - 1;
    this.#next += count;
  }

  /** All words anew: `next_state` of MT19937. */
  #refill(): void {
    this.#makeWords();
    const state = this.#state;
    let j = 0;
    for (; j < stateWords - twistShift; j++) state[j] = state[j + twistShift] ^ twist(state[j], state[j + 1]);
    for (; j < stateWords - 1; j++) state[j] = state[j + twistShift - stateWords] ^ twist(state[j], state[j + 1]);
    state[j] = state[twistShift - 1] ^ twist(state[j], state[0]);
    this.#left = stateWords;
    this.#next = 0;
  }
}

/**
 * The generator that layers draw from unless they are given another: the package's only global state. It starts at the
 * seed of `new Generator()`; PyTorch's own default generator starts at a random one, so seed both to compare them.
 *
 * @example
 * import { defaultGenerator, manualSeed } from "./generator.js";
 * manualSeed(123);
 * defaultGenerator.initialSeed; // => 123n
 */
export const defaultGenerator: Generator = /* @__PURE__ */ new Generator();

/**
 * Reseeds the default generator: `torch.manual_seed`.
 *
 * @param seed a safe integer, or a bigint in [-2 ** 63, 2 ** 64)
 * @returns the default generator
 * @throws as `Generator.manualSeed` does
 * @example
 * import { manualSeed } from "nn-embedding";
 * manualSeed(123).uint32(); // => 2991312382
 */
export function manualSeed(seed: number | bigint): Generator {
  return defaultGenerator.manualSeed(seed);
}

function twist(high: number, low: number): number {
  return (((high & 0x80000000) | (low & 0x7fffffff)) >>> 1) ^ (-(low & 1) & 0x9908b0df);
}

function temper(word: number): number {
  let y = word;
  y ^= y >>> 11;
  y ^= (y << 7) & 0x9d2c5680;
  y ^= (y << 15) & 0xefc60000;
  return y ^ (y >>> 18);
}

function checkSeed(seed: number | bigint): bigint {
  const expected = "expected a safe integer, or a bigint in [-2 ** 63, 2 ** 64)";
  if (typeof seed === "number") {
    if (!Number.isSafeInteger(seed)) throw rangeError("ERR_OUT_OF_RANGE", `seed is ${show(seed)}, ${expected}`);
    return BigInt(seed);
  }
  if (typeof seed !== "bigint") throw typeError("ERR_INVALID_ARG_TYPE", `seed is ${show(seed)}, ${expected}`);
  if (seed < -(2n ** 63n) || seed >= 2n ** 64n) {
    throw rangeError("ERR_OUT_OF_RANGE", `seed is ${show(seed)}, ${expected}`);
  }
  return seed;
}
