import { expPair, expUnrounded, promoteHigh, shiftOf } from "./exponential";
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

/** The lanes of a multiple of 8 columns. */
function sumLanes(logits: usize, numColumns: u32, bias: usize, shift: f32): void {
  const shifts = f32x4.splat(shift);
  let p0 = f64x2.splat(0),
    p1 = p0,
    p2 = p0,
    p3 = p0,
    s0 = p0,
    s1 = p0,
    s2 = p0,
    s3 = p0;
  for (const end = logits + ((numColumns as usize) << 2); logits < end; logits += 32) {
    let low = v128.load(logits);
    let high = v128.load(logits, 16);
    if (bias != 0) {
      low = f32x4.add(low, v128.load(bias));
      high = f32x4.add(high, v128.load(bias, 16));
      bias += 32;
    }
    s0 = f64x2.add(s0, f64x2.promote_low_f32x4(low));
    s1 = f64x2.add(s1, promoteHigh(low));
    s2 = f64x2.add(s2, f64x2.promote_low_f32x4(high));
    s3 = f64x2.add(s3, promoteHigh(high));
    low = f32x4.sub(low, shifts);
    high = f32x4.sub(high, shifts);
    p0 = f64x2.add(p0, expPair(f64x2.promote_low_f32x4(low)));
    p1 = f64x2.add(p1, expPair(promoteHigh(low)));
    p2 = f64x2.add(p2, expPair(f64x2.promote_low_f32x4(high)));
    p3 = f64x2.add(p3, expPair(promoteHigh(high)));
  }
  v128.store(powers, p0);
  v128.store(powers, p1, 16);
  v128.store(powers, p2, 32);
  v128.store(powers, p3, 48);
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
  v128.store(sums, s2, 32);
  v128.store(sums, s3, 48);
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
