/**
 * exp and log from + - * / alone, so that they give the same bits in every language and engine; Math.exp and Math.log are each engine's
 * own affair.
 */
const f = Math.fround;

const log2e = f(Math.LOG2E);
// ln 2 in two pieces: the first has so few bits that its product with any exponent is exact.
const ln2High = f(0.693359375);
const ln2Low = f(Math.LN2 - 0.693359375);
/** Adding and subtracting 1.5 x 2^23 rounds a float to an integer. */
const rounder = 12582912;

/** 2^i for i = -126 … 127 at [i + 126]. */
const powersOfTwo = Float32Array.from({ length: 254 }, (_, i) => 2 ** (i - 126));

// exp(r) = 1 + r + r^2 (c0 + c1 r + …) on [-ln2 / 2, ln2 / 2]: the Taylor series, whose first left-out term is below 2^-25 there.
const c0 = f(1 / 2);
const c1 = f(1 / 6);
const c2 = f(1 / 24);
const c3 = f(1 / 120);
const c4 = f(1 / 720);
const c5 = f(1 / 5040);

/** e^x in float steps, within 1.5 ulp; 0 below -87, where the true value leaves the normal floats. For x <= 88. */
export function exp(x: number): number {
  if (x < -87) return 0;
  const i = f(f(f(x * log2e) + rounder) - rounder);
  const r = f(f(x - f(i * ln2High)) - f(i * ln2Low));
  let sum = f(f(c5 * r) + c4);
  sum = f(f(sum * r) + c3);
  sum = f(f(sum * r) + c2);
  sum = f(f(sum * r) + c1);
  sum = f(f(sum * r) + c0);
  sum = f(f(f(sum * f(r * r)) + r) + 1);
  return f(sum * powersOfTwo[i + 126]);
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
