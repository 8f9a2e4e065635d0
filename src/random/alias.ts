import { checkGenerator, checkOptions, checkShare } from "../check.js";
import { rangeError, show, typeError } from "../errors.js";
import type { Generator } from "./generator.js";

/** Options of {@link AliasSampler}. */
export interface AliasSamplerOptions {
  /** What the counts are raised to, in [0, 1]: 1 draws in proportion to them, 0 as if all counts above 0 were equal. Default: 0.75. */
  power?: number | undefined;
}

/** Both numbers of a table entry's share have so many bits at most; fewer where sums of them would not be exact doubles. */
const mostBits = 32;

/**
 * Draws indices in proportion to counts ** power, each in constant time: the negatives of word2vec (Mikolov et al. 2013, "Distributed
 * Representations of Words and Phrases and their Compositionality", power 0.75), by the alias method (Vose 1991, "A Linear Algorithm for
 * Generating Random Numbers with a Given Distribution").
 *
 * Powers are made of square roots, shares are whole numbers, so the same seed draws the same indices on every engine. An index with a count
 * of 0 is never drawn.
 *
 * @example
 * import { AliasSampler, Generator } from "nn-embedding";
 * const sampler = new AliasSampler([0, 30, 10]);
 * sampler.sample(new Generator(123), new Uint32Array(5)); // => Uint32Array [2, 1, 1, 1, 2]
 */
export class AliasSampler {
  /** How many counts there are: draws are in [0, size). */
  readonly size: number;
  /** Keep the entry when the second number of a draw is below this. */
  readonly #thresholds: Uint32Array;
  /** The index drawn instead when it is not. */
  readonly #aliases: Uint32Array;
  readonly #shift: number;

  /**
   * @param counts How often each index was seen: finite numbers >= 0, one of them above 0; at most 2^31 - 1 of them.
   * @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE], [ERR_INVALID_LENGTH]
   */
  constructor(counts: ArrayLike<number>, options: AliasSamplerOptions = {}) {
    const power = checkPower(options);
    const weights = checkCounts(counts).map((count) => (count === 0 ? 0 : raised(count, power)));
    this.size = weights.length;
    const bits = Math.min(mostBits, 52 - Math.ceil(Math.log2(this.size)));
    this.#shift = mostBits - bits;
    const whole = 2 ** bits;
    const shares = toShares(weights, whole);
    this.#aliases = fillUp(shares, whole);
    this.#thresholds = Uint32Array.from(shares); // of a full entry any will do: it is its own alias
  }

  /**
   * Fills `out` with draws, each of two numbers of the generator's.
   *
   * @param generator Whose numbers are drawn.
   * @param out Where the draws go.
   * @returns `out`
   * @throws TypeError [ERR_INVALID_ARG_TYPE]; nothing is drawn then.
   */
  sample(generator: Generator, out: Uint32Array): Uint32Array {
    checkGenerator(generator);
    if ((out as Uint32Array | null)?.[Symbol.toStringTag] !== "Uint32Array") {
      throw typeError("ERR_INVALID_ARG_TYPE", `out is ${show(out)}, expected a Uint32Array`);
    }
    const { size } = this;
    const thresholds = this.#thresholds;
    const aliases = this.#aliases;
    const shift = this.#shift;
    for (let i = 0; i < out.length; i++) {
      const entry = Math.floor(generator.uint32() * (size / 2 ** 32)); // below size: the product is short of it by more than it is rounded
      out[i] = generator.uint32() >>> shift < thresholds[entry] ? entry : aliases[entry];
    }
    return out;
  }
}

/**
 * Fills each entry up to one `whole` from one other that has more (Vose 1991). What is left of its own share stays in `shares`.
 *
 * @param shares they sum to as many wholes.
 * @returns whose the rest of each entry is: itself where it needed none.
 */
export function fillUp(shares: Float64Array, whole: number): Uint32Array {
  const aliases = Uint32Array.from(shares, (_, i) => i);
  const small: number[] = [];
  const large: number[] = [];
  for (let i = shares.length - 1; i >= 0; i--) (shares[i] < whole ? small : large).push(i);
  while (small.length > 0 && large.length > 0) {
    const poor = small.pop()!;
    const rich = large[large.length - 1];
    aliases[poor] = rich;
    shares[rich] -= whole - shares[poor];
    if (shares[rich] < whole) small.push(large.pop()!);
  }
  return aliases;
}

/** Whole numbers in proportion to the weights whose sum is `whole` for each: differences of the rounded running sum. */
function toShares(weights: Float64Array, whole: number): Float64Array {
  let total = 0;
  for (const weight of weights) total += weight;
  const all = whole * weights.length;
  let sum = 0;
  let given = 0;
  const last = weights.findLastIndex((weight) => weight > 0);
  return weights.map((weight, i) => {
    if (weight === 0) return 0;
    sum += weight;
    const until = i === last ? all : Math.min(all, Math.round((sum / total) * all));
    const share = until - given;
    given = until;
    return share;
  });
}

/** x ** power for x > 0 and power in [0, 1]: the product of the square roots that the bits of power name, 0.75 being x^(1/2) x^(1/4). */
export function raised(x: number, power: number): number {
  if (power === 1) return x;
  let result = 1;
  let root = x;
  for (let rest = power; rest > 0 && root !== 1; ) {
    root = Math.sqrt(root);
    rest *= 2;
    if (rest >= 1) {
      result *= root;
      rest -= 1;
    }
  }
  return result;
}

function checkPower(options: AliasSamplerOptions): number {
  checkOptions(options, ["power"]);
  const { power = 0.75 } = options;
  checkShare("power", power);
  return power;
}

function checkCounts(counts: ArrayLike<number>): Float64Array {
  const given: unknown = counts;
  const isView = ArrayBuffer.isView(given) && !(given instanceof DataView);
  if ((!Array.isArray(given) && !isView) || /^Big/.test(String((given as Uint8Array)[Symbol.toStringTag]))) {
    throw typeError("ERR_INVALID_ARG_TYPE", `counts is ${show(given)}, expected numbers in an array or a typed array`);
  }
  if (counts.length === 0 || counts.length > 0x7fffffff) {
    throw rangeError("ERR_INVALID_LENGTH", `counts.length is ${counts.length}, expected 1 to ${0x7fffffff}`);
  }
  let most = 0;
  for (let i = 0; i < counts.length; i++) {
    const count: unknown = counts[i];
    const expected = "expected a number in [0, 2^53]";
    if (typeof count !== "number") {
      throw typeError("ERR_INVALID_ARG_TYPE", `counts[${i}] is ${show(count)}, ${expected}`);
    }
    if (!(count >= 0 && count <= 2 ** 53)) {
      throw rangeError("ERR_OUT_OF_RANGE", `counts[${i}] is ${show(count)}, ${expected}`);
    }
    most = Math.max(most, count);
  }
  if (most === 0) throw rangeError("ERR_OUT_OF_RANGE", "counts are all 0, expected one above 0");
  return Float64Array.from(counts);
}
