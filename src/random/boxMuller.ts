import { fuseLanes, fuseLanesEach } from "./fused.js";

/**
 * Uniform numbers to normal ones, in blocks of 16, as PyTorch's `normal_fill_AVX2` does it with the float log, sin and
 * cos of `avx_mathfun.h` (the Cephes library's polynomials), GCC having made fused multiply-adds of all it could.
 *
 * The arithmetic is theirs operation by operation; it runs over lanes, one small loop for a step, as the vector code did.
 */

// Asked for once: in a vm context, such as jest's or Next's edge sandbox, each look at a global is slow (a table began 20 times slower).
const fround = Math.fround;

/** A block: 8 numbers that become radii, then 8 that become angles. */
export const blockLength = 16;
const halfBlock = blockLength / 2;

/** How many lanes are worked on at once: all scratch stays in the first-level cache. */
const numLanes = 256;

/** Scratch. Nothing in it outlives a call. */
const x = /* @__PURE__ */ new Float32Array(numLanes);
const z = /* @__PURE__ */ new Float32Array(numLanes);
const radius = /* @__PURE__ */ new Float32Array(numLanes);
const waves = /* @__PURE__ */ new Float32Array(2 * numLanes);
const cosine = /* @__PURE__ */ waves.subarray(0, numLanes);
const sine = /* @__PURE__ */ waves.subarray(numLanes);
const summand = /* @__PURE__ */ new Float32Array(numLanes);
const whole = /* @__PURE__ */ new Int32Array(numLanes);

/**
 * Makes standard normal samples of uniform ones, in place.
 *
 * @param values multiples of 2 ** -24 in [0, 1); the length is a multiple of 16
 * @example
 * import { boxMuller } from "./boxMuller.js";
 * const values = new Float32Array(16).fill(0.5);
 * boxMuller(values);
 * values[0].toFixed(4); // => "-1.1774"
 */
export function boxMuller(values: Float32Array): void {
  for (let start = 0; start < values.length; start += 2 * numLanes) {
    const count = Math.min(numLanes, (values.length - start) / 2);
    radii(values, start, count);
    angles(values, start, count);
    store(values, start, count);
  }
}

/** Lane j of the chunk lies at 16 * (j / 8) + j % 8; its partner in the other half of the block 8 further. */
function place(lane: number): number {
  return ((lane & ~(halfBlock - 1)) << 1) + (lane & (halfBlock - 1));
}

/** log(1 + x) / x for x in [sqrt 0.5 - 1, sqrt 2 - 1], highest power first (Cephes logf). */
const logCoefficients = /* @__PURE__ */ Float32Array.of(
  7.0376836292e-2,
  -1.151461031e-1,
  1.167699874e-1,
  -1.2420140846e-1,
  1.4249322787e-1,
  -1.6668057665e-1,
  2.0000714765e-1,
  -2.4999993993e-1,
  3.3333331174e-1,
);
/** ln 2 in two parts: a short one, and the float nearest to the rest. */
const ln2High = 0.693359375;
const ln2Low = fround(-2.1219444e-4);
/** sqrt 0.5 as a float, times 2 ** 24. */
const sqrtHalfBits = 11863283;

/** radius = sqrt(-2 log(1 - u)) of the first half of every block. */
function radii(values: Float32Array, start: number, count: number): void {
  for (let j = 0; j < count; j++) {
    // 1 - u = integer * 2 ** -24 = mantissa * 2 ** -24 * 2 ** (1 - zeros), with a mantissa of 24 bits. It is halved
    // unless it is below sqrt 0.5. There is no branch on random bits here, nor below: half of them would be mispredicted.
    const integer = ((1 - values[start + place(j)]) * 16777216) | 0;
    const zeros = Math.clz32(integer) - 7;
    const mantissa = (integer << zeros) >>> 1;
    const below = (mantissa - sqrtHalfBits) >>> 31;
    whole[j] = 1 - zeros - below;
    x[j] = (mantissa << below) * 2 ** -24 - 1;
    radius[j] = logCoefficients[0];
  }
  for (let power = 1; power < logCoefficients.length; power++) fuseLanes(radius, x, logCoefficients[power], count);
  for (let j = 0; j < count; j++) {
    z[j] = x[j] * x[j];
    radius[j] *= x[j];
    summand[j] = whole[j] * ln2Low;
  }
  fuseLanesEach(radius, z, summand, count);
  for (let j = 0; j < count; j++) {
    const y = fround(radius[j] - 0.5 * z[j]);
    // The last fused multiply-add: its sum has at most 52 bits, so the double is exact and rounds right by itself.
    const logarithm = fround(whole[j] * ln2High + fround(x[j] + y));
    radius[j] = Math.sqrt(-2 * logarithm);
  }
}

const twoPi = fround(2 * Math.PI);
const fourOverPi = fround(4 / Math.PI);
/** pi / 4 in three parts (Cephes sinf). */
const quarterHigh = 0.78515625;
const quarterMiddle = fround(2.4187564849853516e-4);
const quarterLow = fround(3.774894977445941e-8);
/** cos(x) - 1 + x * x / 2, and (sin(x) - x) / x, as polynomials in x * x, highest power first (Cephes cosf, sinf). */
const cosCoefficients = /* @__PURE__ */ Float32Array.of(
  2.443315711809948e-5,
  -1.388731625493765e-3,
  4.166664568298827e-2,
);
const sinCoefficients = /* @__PURE__ */ Float32Array.of(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1);

/** cosine and sine of 2 pi u, less their signs and order, of the second half of every block; `whole` is the octant. */
function angles(values: Float32Array, start: number, count: number): void {
  for (let j = 0; j < count; j++) {
    const angle = fround(twoPi * values[start + place(j) + halfBlock]);
    const octant = (fround(angle * fourOverPi) + 1) & ~1; // 0, 2, 4, 6 or 8
    whole[j] = octant;
    // Three fused multiply-adds whose sums are exact in doubles: bits from 2 ** 3 down to 2 ** -48.
    const first = fround(angle - octant * quarterHigh);
    const second = fround(first - octant * quarterMiddle);
    x[j] = second - octant * quarterLow;
    z[j] = x[j] * x[j];
    summand[j] = -0.5 * z[j];
    cosine[j] = cosCoefficients[0];
    sine[j] = sinCoefficients[0];
  }
  fuseLanes(cosine, z, cosCoefficients[1], count);
  fuseLanes(cosine, z, cosCoefficients[2], count);
  fuseLanes(sine, z, sinCoefficients[1], count);
  fuseLanes(sine, z, sinCoefficients[2], count);
  for (let j = 0; j < count; j++) {
    cosine[j] *= z[j];
    sine[j] *= z[j];
  }
  fuseLanesEach(cosine, z, summand, count);
  for (let j = 0; j < count; j++) cosine[j] += 1;
  fuseLanesEach(sine, x, x, count);
}

/** The octant gives order and signs; the samples go back where the uniform numbers were. */
function store(values: Float32Array, start: number, count: number): void {
  for (let j = 0; j < count; j++) {
    const octant = whole[j];
    const i = start + place(j);
    // Octants 2 and 6 swap sine and cosine; 2 and 4 make the cosine negative, 4 and 6 the sine.
    const swap = (octant & 2) * (numLanes / 2);
    const real = waves[j + swap];
    const imaginary = waves[j + numLanes - swap];
    values[i] = radius[j] * real * (1 - (((octant + 2) & 4) >> 1));
    values[i + halfBlock] = radius[j] * imaginary * (1 - ((octant & 4) >> 1));
  }
}
