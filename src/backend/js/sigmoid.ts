const f = Math.fround;

/** Beyond this the sigmoid is 0 or 1 to within 1e-13. */
const most = 30;

const log2e = f(Math.LOG2E);
/** ln 2 in two parts: the first has few enough bits that its product with a small integer is exact. */
const ln2High = 0.693359375;
const ln2Low = f(-2.1219444e-4);
/** Adding and subtracting 1.5 x 2^23 rounds a float to an integer. */
const rounder = 12582912;

const [c2, c3, c4, c5, c6] = [2, 6, 24, 120, 720].map((factorial) => f(1 / factorial));

/** 2^i for i = -44 … 44 at [i + 44]. */
const powersOfTwo = new Float64Array(89);
for (let i = 0; i < powersOfTwo.length; i++) powersOfTwo[i] = 2 ** (i - 44);

/**
 * 1 / (1 + e^-x) in floats, each operation rounded: within 3 ulp of the true value for |x| <= 30, constant beyond. NaN stays NaN.
 *
 * -x = i ln 2 + r with |r| <= ln 2 / 2, and e^r by its Taylor series to r^6, which is right to 1.2e-7: nothing but + - * / and powers of two,
 * so that every language, and four or eight lanes at a time, gives the same bits.
 */
export function sigmoid(x: number): number {
  const t = Math.max(-most, Math.min(most, -x)); // NaN stays
  const i = f(f(f(t * log2e) + rounder) - rounder);
  const r = f(f(t - f(i * ln2High)) - f(i * ln2Low));
  let sum = f(f(c6 * r) + c5);
  sum = f(f(sum * r) + c4);
  sum = f(f(sum * r) + c3);
  sum = f(f(sum * r) + c2);
  sum = f(f(sum * r) + 1);
  sum = f(f(sum * r) + 1);
  return f(1 / f(1 + f(sum * powersOfTwo[i + 44])));
}
