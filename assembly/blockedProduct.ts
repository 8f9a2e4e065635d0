import { fewRowsProduct, mostFewRows } from "./fewRowsProduct";
import { packed, packedFloats, panel, tileSums } from "./scratch";

/** How many consecutive k are summed in order before their sum joins the total. */
export const blockOfK: u32 = 256;

/** A tile of sums lives in registers: 4 rows by 8 columns (8 v128), or by 2 without SIMD. More spills in V8. */
const tileRows: u32 = 4;
const tileColumns: u32 = ASC_FEATURE_SIMD ? 8 : 2;

/**
 * out[i, j] = the sum over p of a[i * rowStride + p * stepStride] * b[p, j], or that sum added to out.
 * Order of sums as in src/backend/js/blockedProduct.ts: every 256 p in order from +0, the block sums in order onto +0 or out.
 *
 * A block of b is packed into panels of `tileColumns` columns and stays in the second-level cache, a panel of `tileRows` rows of a
 * stays in the first. Panels are padded with zeros; sums of padding are never stored.
 */
export function blockedProduct(
  a: usize,
  rowStride: u32,
  stepStride: u32,
  b: usize,
  m: u32,
  n: u32,
  k: u32,
  accumulate: bool,
  out: usize,
): void {
  if (k == 0 && !accumulate) memory.fill(out, 0, ((m as usize) * n) << 2);
  for (let start: u32 = 0; start < k; start += blockOfK) {
    const depth = min(blockOfK, k - start);
    const add = accumulate || start > 0; // +0 + x is x here: a sum that started at +0 is never -0
    if (m <= mostFewRows) {
      const from = a + (((start as usize) * stepStride) << 2);
      fewRowsProduct(from, rowStride, stepStride, b + (((start as usize) * n) << 2), m, n, depth, add, out);
      continue;
    }
    const columnsAtOnce = (packedFloats / depth) & ~(tileColumns - 1);
    for (let left: u32 = 0; left < n; left += columnsAtOnce) {
      const width = min(columnsAtOnce, n - left);
      packColumns(b + (((start as usize) * n + left) << 2), n, depth, width);
      for (let i: u32 = 0; i < m; i += tileRows) {
        const rows = min(tileRows, m - i);
        packRows(
          a + (((i as usize) * rowStride + (start as usize) * stepStride) << 2),
          rowStride,
          stepStride,
          rows,
          depth,
        );
        for (let j: u32 = 0; j < width; j += tileColumns) {
          const to = out + (((i as usize) * n + left + j) << 2);
          tile(
            packed + (((j as usize) * depth) << 2),
            depth,
            to,
            (n as usize) << 2,
            rows,
            min(tileColumns, width - j),
            add,
          );
        }
      }
    }
  }
}

/** packed[j / tileColumns][p][j % tileColumns] = b[p, j], zero beyond width. */
function packColumns(b: usize, n: u32, depth: u32, width: u32): void {
  let to = packed;
  let j: u32 = 0;
  if (ASC_FEATURE_SIMD) {
    // Whole cache lines of b at a time, two of them: its rows lie far apart, and each visit to one costs.
    const panelBytes = (depth as usize) << 5;
    for (; j + 32 <= width; j += 32, to += 3 * panelBytes) {
      let from = b + ((j as usize) << 2);
      for (let p: u32 = 0; p < depth; p++, from += (n as usize) << 2, to += 32) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
        v128.store(to + panelBytes, v128.load(from, 32));
        v128.store(to + panelBytes, v128.load(from, 48), 16);
        v128.store(to + 2 * panelBytes, v128.load(from, 64));
        v128.store(to + 2 * panelBytes, v128.load(from, 80), 16);
        v128.store(to + 3 * panelBytes, v128.load(from, 96));
        v128.store(to + 3 * panelBytes, v128.load(from, 112), 16);
      }
    }
  }
  for (; j < width; j += tileColumns) {
    let from = b + ((j as usize) << 2);
    const columns = min(tileColumns, width - j);
    for (let p: u32 = 0; p < depth; p++, from += (n as usize) << 2, to += (tileColumns as usize) << 2) {
      if (ASC_FEATURE_SIMD && columns == tileColumns) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
      } else {
        for (let c: u32 = 0; c < tileColumns; c++) {
          store<f32>(to + ((c as usize) << 2), c < columns ? load<f32>(from + ((c as usize) << 2)) : 0);
        }
      }
    }
  }
}

/** panel[p][r] = a[r * rowStride + p * stepStride], zero beyond rows. */
function packRows(a: usize, rowStride: u32, stepStride: u32, rows: u32, depth: u32): void {
  const step = (stepStride as usize) << 2;
  const row = (rowStride as usize) << 2;
  const end = panel + ((depth as usize) << 4);
  let to = panel;
  if (rows < tileRows) {
    for (; to < end; to += 16, a += step) {
      for (let r: usize = 0; r < tileRows; r++) store<f32>(to + (r << 2), r < rows ? load<f32>(a + r * row) : 0);
    }
    return;
  }
  if (ASC_FEATURE_SIMD && rowStride == 1) {
    for (; to < end; to += 16, a += step) v128.store(to, v128.load(a));
    return;
  }
  for (; to < end; to += 16, a += step) {
    store<f32>(to, load<f32>(a));
    store<f32>(to, load<f32>(a + row), 4);
    store<f32>(to, load<f32>(a + 2 * row), 8);
    store<f32>(to, load<f32>(a + 3 * row), 12);
  }
}

/** One tile of sums over `depth` steps, written or added to `rows` x `columns` of out, whose rows are `pitch` bytes apart. */
function tile(b: usize, depth: u32, out: usize, pitch: usize, rows: u32, columns: u32, add: bool): void {
  const whole = rows == tileRows && columns == tileColumns;
  if (ASC_FEATURE_SIMD) simdTile(b, depth, whole ? out : tileSums, whole ? pitch : 32, whole && add);
  else scalarTile(b, depth, whole ? out : tileSums, whole ? pitch : 8, whole && add);
  if (whole) return;
  for (let r: u32 = 0; r < rows; r++) {
    for (let c: u32 = 0; c < columns; c++) {
      const to = out + (r as usize) * pitch + ((c as usize) << 2);
      const sum = load<f32>(tileSums + (((r * tileColumns + c) as usize) << 2));
      store<f32>(to, add ? load<f32>(to) + sum : sum);
    }
  }
}

function simdTile(b: usize, depth: u32, out: usize, pitch: usize, add: bool): void {
  let s00 = f32x4.splat(0),
    s01 = s00,
    s10 = s00,
    s11 = s00,
    s20 = s00,
    s21 = s00,
    s30 = s00,
    s31 = s00;
  let a = panel;
  for (const end = b + ((depth as usize) << 5); b < end; b += 32, a += 16) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let factor = v128.load32_splat(a);
    s00 = f32x4.add(s00, f32x4.mul(factor, b0));
    s01 = f32x4.add(s01, f32x4.mul(factor, b1));
    factor = v128.load32_splat(a, 4);
    s10 = f32x4.add(s10, f32x4.mul(factor, b0));
    s11 = f32x4.add(s11, f32x4.mul(factor, b1));
    factor = v128.load32_splat(a, 8);
    s20 = f32x4.add(s20, f32x4.mul(factor, b0));
    s21 = f32x4.add(s21, f32x4.mul(factor, b1));
    factor = v128.load32_splat(a, 12);
    s30 = f32x4.add(s30, f32x4.mul(factor, b0));
    s31 = f32x4.add(s31, f32x4.mul(factor, b1));
  }
  finishRow(out, s00, s01, add);
  finishRow(out + pitch, s10, s11, add);
  finishRow(out + 2 * pitch, s20, s21, add);
  finishRow(out + 3 * pitch, s30, s31, add);
}

function finishRow(out: usize, low: v128, high: v128, add: bool): void {
  if (add) {
    low = f32x4.add(v128.load(out), low);
    high = f32x4.add(v128.load(out, 16), high);
  }
  v128.store(out, low);
  v128.store(out, high, 16);
}

function scalarTile(b: usize, depth: u32, out: usize, pitch: usize, add: bool): void {
  let s00: f32 = 0,
    s01: f32 = 0,
    s10: f32 = 0,
    s11: f32 = 0,
    s20: f32 = 0,
    s21: f32 = 0,
    s30: f32 = 0,
    s31: f32 = 0;
  let a = panel;
  for (const end = b + ((depth as usize) << 3); b < end; b += 8, a += 16) {
    const b0 = load<f32>(b);
    const b1 = load<f32>(b, 4);
    let factor = load<f32>(a);
    s00 += factor * b0;
    s01 += factor * b1;
    factor = load<f32>(a, 4);
    s10 += factor * b0;
    s11 += factor * b1;
    factor = load<f32>(a, 8);
    s20 += factor * b0;
    s21 += factor * b1;
    factor = load<f32>(a, 12);
    s30 += factor * b0;
    s31 += factor * b1;
  }
  finishPair(out, s00, s01, add);
  finishPair(out + pitch, s10, s11, add);
  finishPair(out + 2 * pitch, s20, s21, add);
  finishPair(out + 3 * pitch, s30, s31, add);
}

function finishPair(out: usize, left: f32, right: f32, add: bool): void {
  store<f32>(out, add ? load<f32>(out) + left : left);
  store<f32>(out, add ? load<f32>(out, 4) + right : right, 4);
}
