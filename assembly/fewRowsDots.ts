import { dot } from "./dot";
import { fold } from "./lanes";

/** Rows of a that meet a row of b at a time: the sums of 4 spill in V8. */
const rowsAtOnce: u32 = ASC_FEATURE_SIMD ? 3 : 1;

/**
 * The dot products of few rows of a with many rows of b, as they lie. Each row of b is read from memory once and in the order of addresses:
 * side by side, two rows at a time, the prefetcher brings half as much.
 */
export function fewRowsDots(a: usize, b: usize, m: u32, n: u32, k: u32, accumulate: bool, out: usize): void {
  const rowBytes = (k as usize) << 2;
  const pitch = (n as usize) << 2;
  for (let j: u32 = 0; j < n; j++, b += rowBytes, out += 4) {
    let row = a;
    let to = out;
    for (let left = m; left > 0; ) {
      const rows = ASC_FEATURE_SIMD && left == 4 ? 2 : min(rowsAtOnce, left); // 2 + 2 beats 3 + 1: one row alone waits for its adds
      if (!ASC_FEATURE_SIMD) put(to, dot(row, b, k), accumulate);
      else if (rows == 1) oneRow(row, b, k, accumulate, to);
      else if (rows == 2) twoRows(row, row + rowBytes, b, k, accumulate, to, pitch);
      else threeRows(row, row + rowBytes, row + 2 * rowBytes, b, k, accumulate, to, pitch);
      left -= rows;
      row += (rows as usize) * rowBytes;
      to += (rows as usize) * pitch;
    }
  }
}

function put(to: usize, sum: f32, accumulate: bool): void {
  store<f32>(to, accumulate ? load<f32>(to) + sum : sum);
}

// A tail of k % 8 is read as whole vectors: the products of what lies behind the row are masked to +0, which changes no lane. The heap
// keeps the last 64 bytes of memory free, so there is always something to read.

/** All bits in the first `count` of four lanes. */
function firstLanes(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}

function oneRow(a: usize, b: usize, k: u32, accumulate: bool, out: usize): void {
  let s0 = f32x4.splat(0),
    t0 = s0;
  for (const end = b + ((k & ~7) << 2); b < end; b += 32, a += 32) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a), v128.load(b)));
    t0 = f32x4.add(t0, f32x4.mul(v128.load(a, 16), v128.load(b, 16)));
  }
  if ((k & 7) != 0) {
    const low = firstLanes(k & 7);
    const high = firstLanes((k & 7) - 4);
    s0 = f32x4.add(s0, v128.and(low, f32x4.mul(v128.load(a), v128.load(b))));
    t0 = f32x4.add(t0, v128.and(high, f32x4.mul(v128.load(a, 16), v128.load(b, 16))));
  }
  put(out, fold(s0, t0), accumulate);
}

function twoRows(a0: usize, a1: usize, b: usize, k: u32, accumulate: bool, out: usize, pitch: usize): void {
  let s0 = f32x4.splat(0),
    t0 = s0,
    s1 = s0,
    t1 = s0;
  for (const end = b + ((k & ~7) << 2); b < end; b += 32, a0 += 32, a1 += 32) {
    let x = v128.load(b);
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a0), x));
    s1 = f32x4.add(s1, f32x4.mul(v128.load(a1), x));
    x = v128.load(b, 16);
    t0 = f32x4.add(t0, f32x4.mul(v128.load(a0, 16), x));
    t1 = f32x4.add(t1, f32x4.mul(v128.load(a1, 16), x));
  }
  if ((k & 7) != 0) {
    const low = firstLanes(k & 7);
    const high = firstLanes((k & 7) - 4);
    let x = v128.load(b);
    s0 = f32x4.add(s0, v128.and(low, f32x4.mul(v128.load(a0), x)));
    s1 = f32x4.add(s1, v128.and(low, f32x4.mul(v128.load(a1), x)));
    x = v128.load(b, 16);
    t0 = f32x4.add(t0, v128.and(high, f32x4.mul(v128.load(a0, 16), x)));
    t1 = f32x4.add(t1, v128.and(high, f32x4.mul(v128.load(a1, 16), x)));
  }
  put(out, fold(s0, t0), accumulate);
  put(out + pitch, fold(s1, t1), accumulate);
}

function threeRows(
  a0: usize,
  a1: usize,
  a2: usize,
  b: usize,
  k: u32,
  accumulate: bool,
  out: usize,
  pitch: usize,
): void {
  let s0 = f32x4.splat(0),
    t0 = s0,
    s1 = s0,
    t1 = s0,
    s2 = s0,
    t2 = s0;
  for (const end = b + ((k & ~7) << 2); b < end; b += 32, a0 += 32, a1 += 32, a2 += 32) {
    let x = v128.load(b);
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a0), x));
    s1 = f32x4.add(s1, f32x4.mul(v128.load(a1), x));
    s2 = f32x4.add(s2, f32x4.mul(v128.load(a2), x));
    x = v128.load(b, 16);
    t0 = f32x4.add(t0, f32x4.mul(v128.load(a0, 16), x));
    t1 = f32x4.add(t1, f32x4.mul(v128.load(a1, 16), x));
    t2 = f32x4.add(t2, f32x4.mul(v128.load(a2, 16), x));
  }
  if ((k & 7) != 0) {
    const low = firstLanes(k & 7);
    const high = firstLanes((k & 7) - 4);
    let x = v128.load(b);
    s0 = f32x4.add(s0, v128.and(low, f32x4.mul(v128.load(a0), x)));
    s1 = f32x4.add(s1, v128.and(low, f32x4.mul(v128.load(a1), x)));
    s2 = f32x4.add(s2, v128.and(low, f32x4.mul(v128.load(a2), x)));
    x = v128.load(b, 16);
    t0 = f32x4.add(t0, v128.and(high, f32x4.mul(v128.load(a0, 16), x)));
    t1 = f32x4.add(t1, v128.and(high, f32x4.mul(v128.load(a1, 16), x)));
    t2 = f32x4.add(t2, v128.and(high, f32x4.mul(v128.load(a2, 16), x)));
  }
  put(out, fold(s0, t0), accumulate);
  put(out + pitch, fold(s1, t1), accumulate);
  put(out + 2 * pitch, fold(s2, t2), accumulate);
}
