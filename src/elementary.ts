/**
 * exp, log, sin and cos in double precision, from + - * / alone.
 *
 * `Math.exp`, `Math.log`, `Math.sin` and `Math.cos` may differ by a last bit from engine to engine, and a seed, a loss or a norm must be the
 * same in all of them. These are the textbook series, with errors of a few units in the last place of a double at most; what is made of
 * them is rounded to a float, nine decimal digits further up. The exp of kernels, in three languages, is backend/js/exponential.ts.
 *
 * There are two logarithms because they differ by a last bit for every third argument: the initial values of tables, which are PyTorch's bit for bit,
 * pin `logarithm`, and losses pin `log`, which takes every number.
 */

/** ln 2 in two parts: the first has 21 trailing zero bits, so that small multiples of it are exact. */
const ln2High = 0.6931471803691238;
const ln2Low = 1.9082149292705877e-10;

/**
 * The natural logarithm of x in [0, 1]. The generator's 53-bit draws u make 1 - u exact, so log1p(-u) is this too.
 *
 * With x = 2 ** exponent * (1 + f), 1 + f within a factor of sqrt 2 of 1, and s = f / (2 + f):
 * log(1 + f) = 2 atanh s = f - f * f / 2 + s * (f * f / 2 + R), R = 2 s ** 2 / 3 + 2 s ** 4 / 5 + …
 *
 * @example
 * import { logarithm } from "./elementary.js";
 * logarithm(1); // => 0
 */
export function logarithm(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  let exponent = 0;
  let mantissa = x;
  while (mantissa < Math.SQRT1_2) {
    mantissa *= 2;
    exponent -= 1;
  }
  const f = mantissa - 1;
  const s = f / (2 + f);
  const z = s * s;
  let rest = 2 / 29;
  for (let odd = 27; odd >= 3; odd -= 2) rest = rest * z + 2 / odd;
  rest *= z;
  const half = 0.5 * f * f;
  return exponent * ln2High - (half - (s * (half + rest) + exponent * ln2Low) - f);
}

/** ln x in double steps, for normal x: 2 artanh((m - 1) / (m + 1)) + e ln 2 with x = m 2^e, m in [sqrt(1/2), sqrt(2)). */
export function log(x: number): number {
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (x === Number.POSITIVE_INFINITY) return x;
  let exponent = 0;
  let mantissa = x;
  while (mantissa >= Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  while (mantissa < Math.SQRT1_2) {
    if (mantissa < 0) return Number.NaN;
    mantissa *= 2;
    exponent--;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const z = s * s;
  let sum = 0;
  for (let term = 21; term >= 1; term -= 2) sum = sum * z + 1 / term; // |s| < 0.172: the next term is below 2^-56
  return 2 * s * sum + exponent * Math.LN2;
}

/** ln(1 + x) in double steps for x in [0, 1], right for small x too: 2 artanh(x / (2 + x)). */
export function log1p(x: number): number {
  const s = x / (2 + x);
  const z = s * s;
  let sum = 0;
  for (let term = 33; term >= 1; term -= 2) sum = sum * z + 1 / term; // s <= 1/3: the next term is below 2^-58
  return 2 * s * sum;
}

/** pi / 2 in three parts; the first two have 33 bits, so that small multiples of them are exact. */
const quarterHigh = 1.5707963267341256;
const quarterMiddle = 6.077100506303966e-11;
const quarterLow = 2.0222662487959506e-21;

/** The reduced angle of `reduce`, and what rounding it lost. */
let reduced = 0;
let reducedError = 0;

/** Takes the nearest multiple of pi / 2 from an angle in [0, 2 pi] and returns which one it was. */
function reduce(angle: number): number {
  const quarter = Math.floor(angle * (2 / Math.PI) + 0.5);
  const first = angle - quarter * quarterHigh;
  const second = first - quarter * quarterMiddle;
  const lost = quarter * quarterLow - (first - second - quarter * quarterMiddle);
  reduced = second - lost;
  reducedError = second - reduced - lost;
  return quarter;
}

/** sin(x + error) for |x| up to pi / 4: x - x ** 3 / 3! + x ** 5 / 5! - … */
function sineSeries(x: number, error: number): number {
  const z = x * x;
  let rest = 1 / 342; // 18 * 19
  for (let n = 16; n >= 4; n -= 2) rest = (1 - z * rest) / (n * (n + 1));
  // rest = 1 / 20 - …: sin x = x - x ** 3 * (1 / 6) * (1 - z * rest), and its derivative carries the error along
  return x - (z * x * (1 - z * rest) * (1 / 6) - error * (1 - 0.5 * z));
}

/** cos(x + error) for |x| up to pi / 4: 1 - x ** 2 / 2! + x ** 4 / 4! - … */
function cosineSeries(x: number, error: number): number {
  const z = x * x;
  let rest = 1 / 380; // 19 * 20
  for (let n = 17; n >= 3; n -= 2) rest = (1 - z * rest) / (n * (n + 1));
  // cos x = 1 - z / 2 + z * z / 2 * rest; 1 - z / 2 loses bits, which `lost` brings back
  const half = 0.5 * z;
  const head = 1 - half;
  const lost = 1 - head - half;
  return head + (lost + (half * z * rest - x * error));
}

/**
 * The sine of an angle in [0, 2 pi].
 *
 * @example
 * import { sine } from "./elementary.js";
 * sine(0); // => 0
 */
export function sine(angle: number): number {
  const quarter = reduce(angle);
  const value = quarter & 1 ? cosineSeries(reduced, reducedError) : sineSeries(reduced, reducedError);
  return quarter & 2 ? -value : value;
}

/**
 * The cosine of an angle in [0, 2 pi].
 *
 * @example
 * import { cosine } from "./elementary.js";
 * cosine(0); // => 1
 */
export function cosine(angle: number): number {
  const quarter = reduce(angle);
  const value = quarter & 1 ? sineSeries(reduced, reducedError) : cosineSeries(reduced, reducedError);
  return (quarter + 1) & 2 ? -value : value;
}

/**
 * e ** x, within some units in the last place: 0 below -708, where doubles lose bits, and Infinity above 709.
 *
 * x = i ln 2 + r with |r| <= ln 2 / 2, and e ** r by its series to r ** 13 (the next term is below 2 ** -57).
 *
 * @example
 * import { exponential } from "./elementary.js";
 * exponential(0); // => 1
 */
export function exponential(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x < -708) return 0;
  if (x > 709) return Number.POSITIVE_INFINITY;
  const i = Math.floor(x * Math.LOG2E + 0.5);
  const r = x - i * ln2High - i * ln2Low;
  let value = 1;
  for (let n = 13; n >= 1; n--) value = 1 + (r / n) * value;
  for (let left = Math.abs(i); left > 0; left--) value *= i > 0 ? 2 : 0.5; // exact
  return value;
}
