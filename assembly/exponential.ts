/** e^x in doubles: src/backend/js/exponential.ts, operation by operation. */

/** Adding and subtracting 1.5 x 2^52 rounds a double to an integer, which then stands in its lowest bits. */
const rounder: f64 = 6755399441055744;
const log2e: f64 = 1.4426950408889634;
const ln2: f64 = 0.6931471805599453;

/** e^x for x <= 88 that was a float; 0 below -87. */
export function expUnrounded(x: f64): f64 {
  if (x < -87) return 0;
  const shifted = x * log2e + rounder;
  const r = x - (shifted - rounder) * ln2;
  let sum: f64 = r * (1.0 / 5040.0) + 1.0 / 720.0;
  sum = sum * r + 1.0 / 120.0;
  sum = sum * r + 1.0 / 24.0;
  sum = sum * r + 1.0 / 6.0;
  sum = sum * r + 1.0 / 2.0;
  sum = sum * r + 1.0;
  sum = sum * r + 1.0;
  return sum * reinterpret<f64>((reinterpret<i64>(shifted) + 1023) << 52);
}

/** Two at once. */
export function expPair(x: v128): v128 {
  const shifted = f64x2.add(f64x2.mul(x, f64x2.splat(log2e)), f64x2.splat(rounder));
  const r = f64x2.sub(x, f64x2.mul(f64x2.sub(shifted, f64x2.splat(rounder)), f64x2.splat(ln2)));
  let sum = f64x2.add(f64x2.mul(r, f64x2.splat(1.0 / 5040.0)), f64x2.splat(1.0 / 720.0));
  sum = f64x2.add(f64x2.mul(sum, r), f64x2.splat(1.0 / 120.0));
  sum = f64x2.add(f64x2.mul(sum, r), f64x2.splat(1.0 / 24.0));
  sum = f64x2.add(f64x2.mul(sum, r), f64x2.splat(1.0 / 6.0));
  sum = f64x2.add(f64x2.mul(sum, r), f64x2.splat(1.0 / 2.0));
  sum = f64x2.add(f64x2.mul(sum, r), f64x2.splat(1.0));
  sum = f64x2.add(f64x2.mul(sum, r), f64x2.splat(1.0));
  const power = i64x2.shl(i64x2.add(shifted, i64x2.splat(1023)), 52);
  return v128.andnot(f64x2.mul(sum, power), f64x2.lt(x, f64x2.splat(-87)));
}

/** What is taken from logits before the exponential: their greatest, or 0 where all are -Infinity. */
export function shiftOf(greatest: f32): f32 {
  return greatest == -Infinity ? 0 : greatest;
}
