import { describe, expect, test } from "vitest";
import { cosine, logarithm, sine } from "../../src/elementary.js";
import { fusedMultiplyAdd, fuseLanes, fuseLanesEach } from "../../src/random/fused.js";
import { Generator } from "../../src/random/generator.js";

/** A number as integer * 2 ** exponent. */
interface Exact {
  readonly integer: bigint;
  readonly exponent: number;
}

const bits = new DataView(new ArrayBuffer(8));

function exact(value: number): Exact {
  bits.setFloat64(0, value);
  const word = bits.getBigUint64(0);
  const biased = Number((word >> 52n) & 2047n);
  const fraction = word & (2n ** 52n - 1n);
  const magnitude = biased === 0 ? fraction : fraction | (2n ** 52n);
  return { integer: word >> 63n ? -magnitude : magnitude, exponent: Math.max(biased, 1) - 1075 };
}

/** a * b + c in whole numbers, rounded once to a float: to nearest, ties to even. */
function fusedFloat(a: number, b: number, c: number): number {
  const [x, y, z] = [exact(a), exact(b), exact(c)];
  const exponent = Math.min(x.exponent + y.exponent, z.exponent);
  const product = (x.integer * y.integer) << BigInt(x.exponent + y.exponent - exponent);
  const sum = product + (z.integer << BigInt(z.exponent - exponent));
  if (sum === 0n) return a * b + c; // its sign
  const magnitude = sum < 0n ? -sum : sum;
  const last = Math.max(exponent + magnitude.toString(2).length - 24, -149);
  const drop = BigInt(Math.max(last - exponent, 0));
  let kept = magnitude >> drop;
  const lost = magnitude - (kept << drop);
  const half = drop === 0n ? 1n : 1n << (drop - 1n);
  if (lost > half || (lost === half && kept & 1n)) kept += 1n;
  // Two factors, each a double: 2 ** -1074 is the smallest, and the product with `kept` is exact.
  const value = Number(kept) * 2 ** Math.max(drop === 0n ? exponent : last, -1074);
  const result = value > 3.4028234663852886e38 ? Number.POSITIVE_INFINITY : value;
  return sum < 0n ? -result : result;
}

const generator = new Generator(17);
const float = new DataView(new ArrayBuffer(4));

/** A float of these biased exponents; half of them with few bits, so that sums fall on middles. */
function randomFloat(lowest: number, highest: number): number {
  const exponent = lowest + (generator.uint32() % (highest - lowest + 1));
  const draw = generator.uint32();
  const fraction = [draw & 0x7fffff, draw & 0x7f0000, draw & 0xf, draw & 0x400001][draw >>> 30];
  float.setUint32(0, ((generator.uint32() & 1) << 31) | (exponent << 23) | fraction);
  return float.getFloat32(0);
}

/** Exponents of a, b and c: ordinary, any, products below the smallest float, sums around the largest. */
const spans = [
  [120, 130, 110, 140],
  [0, 254, 0, 254],
  [0, 70, 0, 12],
  [185, 192, 245, 254],
] as const;

describe("fused multiply-add of floats", () => {
  test("80,000 random triples against whole numbers: ordinary, tiny, huge and half-way ones", () => {
    for (let i = 0; i < 80_000; i++) {
      const [low, high, lowC, highC] = spans[i & 3];
      const [a, b, c] = [randomFloat(low, high), randomFloat(low, high), randomFloat(lowC, highC)];
      const expected = fusedFloat(a, b, c);
      const actual = fusedMultiplyAdd(a, b, c);
      if (!Object.is(actual, expected)) throw new Error(`${a} * ${b} + ${c} is ${actual}, expected ${expected}`);
    }
  });

  const tiny = 2 ** -149;
  const middle = 1 + 2 ** -24;
  test.each([
    ["a middle goes up with an error above it", 1 + 2 ** -12, 2 ** -12 * 2 ** -12, middle, 1 + 2 ** -23],
    ["below the smallest float", tiny, 0.5, 0, 0],
    ["half the smallest float and a bit", tiny, 0.5 + 2 ** -24, 0, tiny],
    ["half the smallest float beside one", tiny, 0.5, tiny, 2 * tiny],
    ["half less a bit beside one", tiny, 0.5 - 2 ** -25, tiny, tiny],
    ["the sign of zero", -1, 0, 0, 0],
    ["the other sign of zero", -1, 0, -0, -0],
    // 31 * 601 * 1801 = 2 ** 25 - 1, so the product is the middle between the largest float and 2 ** 128
    ["a bit below the middle above the largest float", 31 * 601, 1801 * 2 ** 103, -1, 3.4028234663852886e38],
    ["that middle", 31 * 601, 1801 * 2 ** 103, 0, Number.POSITIVE_INFINITY],
    ["a bit above it", 31 * 601, 1801 * 2 ** 103, 1, Number.POSITIVE_INFINITY],
    ["a bit above the lowest middle", 31 * 601, -1801 * 2 ** 103, 1, -3.4028234663852886e38],
    ["infinity", 2 ** 127, 2, 0, Number.POSITIVE_INFINITY],
    ["minus infinity", 2 ** 127, -2, 0, Number.NEGATIVE_INFINITY],
    ["not a number", Number.POSITIVE_INFINITY, 0, 1, Number.NaN],
  ])("%s", (_, a, b, c, expected) => {
    if (Number.isFinite(a * b)) expect(fusedFloat(a, b, Math.fround(c))).toBe(expected);
    expect(fusedMultiplyAdd(a, b, Math.fround(c))).toBe(expected);
  });

  test("lanes are single ones side by side", () => {
    const count = 4000;
    const lanes = (low: number, high: number) => Float32Array.from({ length: count }, () => randomFloat(low, high));
    for (const [low, high, lowC, highC] of spans) {
      const [y, x, c] = [lanes(low, high), lanes(low, high), lanes(lowC, highC)];
      const alike = y.slice();
      fuseLanes(alike, x, c[0], count);
      expect(alike).toEqual(y.map((value, j) => fusedMultiplyAdd(value, x[j], c[0])));
      const each = y.slice();
      fuseLanesEach(each, x, c, count - 1);
      expect(each).toEqual(y.map((value, j) => (j === count - 1 ? value : fusedMultiplyAdd(value, x[j], c[j]))));
    }
  });
});

describe("elementary functions agree with the engine's to the last bits", () => {
  const unit = Array.from({ length: 100_000 }, () => generator.float64());

  /** The arguments where the two are more than two units of the last place apart. */
  function apart(ours: (x: number) => number, engine: (x: number) => number, values: readonly number[]): number[] {
    return values.filter((x) => Math.abs(ours(x) - engine(x)) > 2 ** -51 * Math.abs(engine(x)));
  }

  test("logarithm", () => {
    // multiples of 2 ** -53, as the generator draws them: 1 - u is exact
    const small = unit.map((u) => Math.round(u * 2 ** 13) * 2 ** -53);
    const values = [...unit, ...small, 0, 2 ** -53, 1 - 2 ** -53, 0.5, 0.25];
    expect(
      apart(
        (u) => logarithm(1 - u),
        (u) => Math.log1p(-u),
        values,
      ),
    ).toEqual([]);
    expect([0, -0, -1, Number.NaN].map(logarithm)).toEqual([-Infinity, -Infinity, Number.NaN, Number.NaN]);
  });

  test("sine and cosine", () => {
    const angles = [...unit, 0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1].map((u) => 2 * Math.PI * u);
    expect(apart(sine, Math.sin, angles)).toEqual([]);
    expect(apart(cosine, Math.cos, angles)).toEqual([]);
  });
});
