import { addRow } from "./lanes";
import { panel } from "./scratch";

/** Columns summed in one pass over a block: the rows of sums and 4 strips of b stay in the first-level cache. */
const columnsAtOnce: u32 = 1024;

/** The most rows of a for which packing b costs more than it brings (measured; the tile wants 8 rows and b in the cache). */
export const mostFewRows: u32 = 7;

/**
 * For so few rows of a, and rows of b that are one strip each, b is read in the order of addresses, one row at a time: from memory that is
 * nearly twice as fast as four rows side by side, which win back a quarter when b is in the cache already (measured).
 */
const mostStreamedRows: u32 = 3;

/**
 * One block of the product (p in [0, depth)) for few rows of a: b passes by as it lies and the sums wait in the first-level
 * cache. The same order of sums as the tile: for each output its p ascending from +0, then one add to out.
 */
export function fewRowsProduct(
  a: usize,
  rowStride: u32,
  stepStride: u32,
  b: usize,
  m: u32,
  n: u32,
  depth: u32,
  add: bool,
  out: usize,
): void {
  const pitch = (n as usize) << 2;
  const step = (stepStride as usize) << 2;
  const streamed = m <= mostStreamedRows && n <= columnsAtOnce;
  for (let left: u32 = 0; left < n; left += columnsAtOnce) {
    const width = min(columnsAtOnce, n - left);
    const widthBytes = (width as usize) << 2;
    memory.fill(panel, 0, (m as usize) * widthBytes);
    let strip = b + ((left as usize) << 2);
    let factors = a;
    let p: u32 = 0;
    for (; !streamed && p + 4 <= depth; p += 4, strip += 4 * pitch, factors += 4 * step) {
      let from = factors;
      let sums = panel;
      for (let i: u32 = 0; i < m; i++, from += (rowStride as usize) << 2, sums += widthBytes) {
        const f0 = load<f32>(from);
        const f1 = load<f32>(from + step);
        const f2 = load<f32>(from + 2 * step);
        const f3 = load<f32>(from + 3 * step);
        addFourProducts(sums, strip, pitch, width, f0, f1, f2, f3);
      }
    }
    for (; p < depth; p++, strip += pitch, factors += step) {
      let from = factors;
      let sums = panel;
      for (let i: u32 = 0; i < m; i++, from += (rowStride as usize) << 2, sums += widthBytes) {
        addProduct(sums, strip, width, load<f32>(from));
      }
    }
    let to = out + ((left as usize) << 2);
    for (let i: u32 = 0, sums = panel; i < m; i++, to += pitch, sums += widthBytes) {
      if (add) addRow(to, sums, width);
      else memory.copy(to, sums, widthBytes);
    }
  }
}

/** sums[j] += f0 * b[0, j], then f1 * b[1, j], f2 * b[2, j], f3 * b[3, j]: one after the other for each j. */
function addFourProducts(sums: usize, b: usize, pitch: usize, width: u32, f0: f32, f1: f32, f2: f32, f3: f32): void {
  const end = sums + ((width as usize) << 2);
  let b1 = b + pitch;
  let b2 = b1 + pitch;
  let b3 = b2 + pitch;
  if (ASC_FEATURE_SIMD) {
    const v0 = f32x4.splat(f0);
    const v1 = f32x4.splat(f1);
    const v2 = f32x4.splat(f2);
    const v3 = f32x4.splat(f3);
    for (const stop = sums + ((width & ~3) << 2); sums < stop; sums += 16, b += 16, b1 += 16, b2 += 16, b3 += 16) {
      let sum = f32x4.add(v128.load(sums), f32x4.mul(v0, v128.load(b)));
      sum = f32x4.add(sum, f32x4.mul(v1, v128.load(b1)));
      sum = f32x4.add(sum, f32x4.mul(v2, v128.load(b2)));
      v128.store(sums, f32x4.add(sum, f32x4.mul(v3, v128.load(b3))));
    }
  }
  for (; sums < end; sums += 4, b += 4, b1 += 4, b2 += 4, b3 += 4) {
    store<f32>(
      sums,
      load<f32>(sums) + f0 * load<f32>(b) + f1 * load<f32>(b1) + f2 * load<f32>(b2) + f3 * load<f32>(b3),
    );
  }
}

function addProduct(sums: usize, b: usize, width: u32, factor: f32): void {
  if (ASC_FEATURE_SIMD) {
    const v = f32x4.splat(factor);
    for (const stop = sums + ((width & ~7) << 2); sums < stop; sums += 32, b += 32) {
      v128.store(sums, f32x4.add(v128.load(sums), f32x4.mul(v, v128.load(b))));
      v128.store(sums, f32x4.add(v128.load(sums, 16), f32x4.mul(v, v128.load(b, 16))), 16);
    }
    width &= 7;
  }
  for (const end = sums + ((width as usize) << 2); sums < end; sums += 4, b += 4) {
    store<f32>(sums, load<f32>(sums) + factor * load<f32>(b));
  }
}
