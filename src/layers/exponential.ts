/**
 * exp and log from + - * / alone, so that they give the same bits in every language and engine; Math.exp and Math.log are each engine's
 * own affair.
 */

/** Adding and subtracting 1.5 x 2^52 rounds a double to an integer. */
const rounder = 6755399441055744;

/** 2^i for i = -126 … 127 at [i + 126]. */
const powersOfTwo = Float64Array.from({ length: 254 }, (_, i) => 2 ** (i - 126));

/**
 * e^x, x and the result floats, the steps between in doubles and rounded once at the end: within 0.6 ulp. 0 below -87, where the true
 * value leaves the normal floats. For x <= 88.
 *
 * x = i ln 2 + r with |r| <= ln 2 / 2, where the Taylor series of e^r to r^7 is right to 6e-9. Doubles because a JavaScript engine would
 * round each step to a float by converting there and back: three times the time, for fewer right bits.
 */
export function exp(x: number): number {
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
  return Math.fround(sum * powersOfTwo[(i + 126) | 0]);
}

/** ln x in double steps, for positive normal x: 2 artanh((m - 1) / (m + 1)) + e ln 2 with x = m 2^e, m in [sqrt(1/2), sqrt(2)). */
export function log(x: number): number {
  let exponent = 0;
  let mantissa = x;
  while (mantissa >= Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  while (mantissa < Math.SQRT1_2) {
    mantissa *= 2;
    exponent--;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const z = s * s;
  let sum = 0;
  for (let term = 21; term >= 1; term -= 2) sum = sum * z + 1 / term; // |s| < 0.172: the next term is below 2^-56
  return 2 * s * sum + exponent * Math.LN2;
}
