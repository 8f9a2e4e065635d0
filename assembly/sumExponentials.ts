import { expPair, expUnrounded, shiftOf } from "./exponential";
import { tileSums } from "./scratch";

/** The eight lanes of exponentials, and those of logits behind them. */
const powers: usize = tileSums;
const sums: usize = tileSums + 64;

/**
 * Takes one more chunk of each row's logits into its greatest, its sum of exponentials and its sum of logits.
 * See src/backend/kernels.ts for the promise, src/backend/js/sumExponentials.ts for the specification.
 */
export function sumExponentials(statistics: usize, logits: usize, numRows: u32, numColumns: u32, bias: usize): void {
  const rowBytes = (numColumns as usize) << 2;
  const end = statistics + (numRows as usize) * 12;
  for (; statistics < end; statistics += 12, logits += rowBytes) {
    const before = load<f32>(statistics);
    const greatest = greatestLogit(logits, numColumns, bias, before);
    const shift = shiftOf(greatest);
    memory.fill(powers, 0, 128);
    let j: u32 = 0;
    if (ASC_FEATURE_SIMD) {
      sumLanes(logits, numColumns & ~7, bias, shift);
      j = numColumns & ~7;
    }
    for (; j < numColumns; j++) {
      const lane = ((j & 7) as usize) << 3;
      const logit = logitAt(logits, j, bias);
      store<f64>(powers + lane, load<f64>(powers + lane) + expUnrounded((logit - shift) as f64));
      store<f64>(sums + lane, load<f64>(sums + lane) + (logit as f64));
    }
    store<f32>(statistics, greatest);
    const kept = (load<f32>(statistics, 4) as f64) * expUnrounded((before - shift) as f64);
    store<f32>(statistics, (kept + foldDoubles(powers)) as f32, 4);
    store<f32>(statistics, ((load<f32>(statistics, 8) as f64) + foldDoubles(sums)) as f32, 8);
  }
}

function logitAt(logits: usize, j: u32, bias: usize): f32 {
  const at = (j as usize) << 2;
  return bias == 0 ? load<f32>(logits + at) : load<f32>(logits + at) + load<f32>(bias + at);
}

/** The greatest of a row's logits, or `least` where none is greater; NaN never is. -0 becomes +0. */
function greatestLogit(logits: usize, numColumns: u32, bias: usize, least: f32): f32 {
  let j: u32 = 0;
  if (ASC_FEATURE_SIMD) {
    let low = f32x4.splat(-Infinity);
    let high = low;
    for (; j + 8 <= numColumns; j += 8) {
      const at = (j as usize) << 2;
      let first = v128.load(logits + at);
      let second = v128.load(logits + at, 16);
      if (bias != 0) {
        first = f32x4.add(first, v128.load(bias + at));
        second = f32x4.add(second, v128.load(bias + at, 16));
      }
      low = f32x4.pmax(low, first); // low < first ? first : low
      high = f32x4.pmax(high, second);
    }
    low = f32x4.pmax(low, high);
    const a = f32x4.extract_lane(low, 0);
    const b = f32x4.extract_lane(low, 1);
    const c = f32x4.extract_lane(low, 2);
    const d = f32x4.extract_lane(low, 3);
    least = a > least ? a : least;
    least = b > least ? b : least;
    least = c > least ? c : least;
    least = d > least ? d : least;
  }
  for (; j < numColumns; j++) {
    const logit = logitAt(logits, j, bias);
    if (logit > least) least = logit;
  }
  return least + 0.0;
}

/**
 * The lanes of a multiple of 8 columns, two lanes at a time: a chunk stays in the first-level cache, and one copy of the exponential in
 * the innermost loop takes half the time of four calls of it.
 */
function sumLanes(logits: usize, numColumns: u32, bias: usize, shift: f32): void {
  const shifts = f32x4.splat(shift);
  for (let lanes: usize = 0; lanes < 32; lanes += 8) {
    let power = f64x2.splat(0);
    let sum = power;
    let at = lanes;
    for (const end = (numColumns as usize) << 2; at < end; at += 32) {
      let pair = v128.load64_zero(logits + at);
      if (bias != 0) pair = f32x4.add(pair, v128.load64_zero(bias + at));
      sum = f64x2.add(sum, f64x2.promote_low_f32x4(pair));
      power = f64x2.add(power, expPair(f64x2.promote_low_f32x4(f32x4.sub(pair, shifts))));
    }
    v128.store(powers + 2 * lanes, power);
    v128.store(sums + 2 * lanes, sum);
  }
}

/** Eight lanes of doubles, folded in the order of a dot product. */
function foldDoubles(s: usize): f64 {
  return (
    load<f64>(s) +
    load<f64>(s, 32) +
    (load<f64>(s, 16) + load<f64>(s, 48)) +
    (load<f64>(s, 8) + load<f64>(s, 40) + (load<f64>(s, 24) + load<f64>(s, 56)))
  );
}
