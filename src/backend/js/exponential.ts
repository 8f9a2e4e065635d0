/**
 * exp from + - * / alone, so that kernels give the same bits in every language and engine; Math.exp is each engine's own affair. What only
 * TypeScript computes is in elementary.ts.
 */

/** Adding and subtracting 1.5 x 2^52 rounds a double to an integer. */
const rounder = 6755399441055744;

/** 2^i for i = -126 … 127 at [i + 126]. */
const powersOfTwo = new Float64Array(254);
for (let i = 0; i < powersOfTwo.length; i++) powersOfTwo[i] = 2 ** (i - 126); // Array.from takes five times as long at the start

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
