/**
 * exp and log from + - * / alone, so that they give the same bits in every language and engine; Math.exp and Math.log are each engine's
 * own affair.
 */

/** Adding and subtracting 1.5 x 2^52 rounds a double to an integer. */
const rounder = 6755399441055744;

/** 2^i for i = -126 … 127 at [i + 126]. */
const powersOfTwo = Float64Array.from({ length: 254 }, (_, i) => 2 ** (i - 126));

/**
 * e^x for a float x <= 88, as a double right to 6e-9: what kernels sum and multiply before they round once. 0 below -87, where the true
 * value leaves the normal floats.
 *
 * x = i ln 2 + r with |r| <= ln 2 / 2, where the Taylor series of e^r to r^7 is right to 6e-9. Doubles because a JavaScript engine would
 * round each step to a float by converting there and back: three times the time, for fewer right bits.
 */
export function expUnrounded(x: number): number {
  if (x < -87) return 0;
  const i = x * Math.LOG2E + rounder - rounder;
  const r = x - i * Math.LN2;
  let sum = r * (1 / 5040) + 1 / 720;
  sum = sum * r + 1 / 120;
  sum = sum * r + 1 / 24;
  sum = sum * r + 1 / 6;
  sum = sum * r + 1 / 2;
  sum = sum * r + 1;
  sum = sum * r + 1;
  return sum * powersOfTwo[(i + 126) | 0];
}

/** e^x for a float x <= 88, rounded once to a float: within 0.6 ulp. See {@link expUnrounded}. */
export function exp(x: number): number {
  return Math.fround(expUnrounded(x));
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
