const most: f32 = 30;
const log2e: f32 = 1.44269504;
const ln2High: f32 = 0.693359375;
const ln2Low: f32 = -2.1219444e-4;
const rounder: f32 = 12582912;
const c6: f32 = 1.0 / 720.0;
const c5: f32 = 1.0 / 120.0;
const c4: f32 = 1.0 / 24.0;
const c3: f32 = 1.0 / 6.0;

/** 1 / (1 + e^-x): src/backend/js/sigmoid.ts says how and why. */
export function sigmoid(x: f32): f32 {
  let t = -x;
  if (t > most) t = most;
  if (t < -most) t = -most;
  const shifted: f32 = t * log2e + rounder;
  const i: f32 = shifted - rounder;
  const r: f32 = t - i * ln2High - i * ln2Low;
  let sum: f32 = c6 * r + c5;
  sum = sum * r + c4;
  sum = sum * r + c3;
  sum = sum * r + 0.5;
  sum = sum * r + 1;
  sum = sum * r + 1;
  // The last bits of the shifted number are i itself: as an exponent they make 2^i. What NaN makes of it does not matter.
  const power = (reinterpret<i32>(shifted) - reinterpret<i32>(rounder) + 127) << 23;
  const one: f32 = 1;
  return one / (one + sum * reinterpret<f32>(power));
}

/** Four at a time. */
export function sigmoidFour(x: v128): v128 {
  let t = f32x4.neg(x);
  t = f32x4.pmin(t, f32x4.splat(most)); // the second where it is less: NaN stays
  t = f32x4.pmax(t, f32x4.splat(-most));
  const shifted = f32x4.add(f32x4.mul(t, f32x4.splat(log2e)), f32x4.splat(rounder));
  const i = f32x4.sub(shifted, f32x4.splat(rounder));
  const r = f32x4.sub(f32x4.sub(t, f32x4.mul(i, f32x4.splat(ln2High))), f32x4.mul(i, f32x4.splat(ln2Low)));
  let sum = f32x4.add(f32x4.mul(f32x4.splat(c6), r), f32x4.splat(c5));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(c4));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(c3));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(0.5));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(1));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(1));
  const exponent = i32x4.add(i32x4.sub(shifted, f32x4.splat(rounder)), i32x4.splat(127));
  const power = i32x4.shl(exponent, 23);
  return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), f32x4.mul(sum, power)));
}
