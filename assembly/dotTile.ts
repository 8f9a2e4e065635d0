import { fold, foldFour } from "./lanes";
import { tileSums } from "./scratch";

/** Rows of a by rows of b whose dot products are summed side by side: 8 sums in registers, 4 + 2 operands beside them. */
export const tileRows: u32 = 2;
export const tileColumns: u32 = 4;

/** Lanes summed in one pass: the 8 lanes of a dot product take 2 passes with SIMD, 8 without. */
const width: u32 = ASC_FEATURE_SIMD ? 4 : 1;
const passes: u32 = 8 / width;

/** How many floats a packed panel of so many rows of k floats takes. */
export function panelSize(rows: u32, k: u32): u32 {
  return rows * ((k + 7) & ~7);
}

/**
 * Packs `rows` rows of k floats, lying one behind the other, for the tile: to[pass][p / 8][row][lane], a lane being p % 8 counted from the
 * first of its pass. A row's tail is filled up with zeros, which changes no sum; panels that lack rows repeat the last one, and the
 * sums of the repeated are not used.
 */
export function packLanes(from: usize, rows: u32, panelRows: u32, k: u32, to: usize): void {
  const steps = (k + 7) >> 3;
  const pitch = (panelRows as usize) * width * 4;
  const passBytes = (steps as usize) * pitch;
  for (let r: u32 = 0; r < panelRows; r++) {
    let at = from + (((min(r, rows - 1) as usize) * k) << 2);
    let low = to + (r as usize) * width * 4;
    for (const end = at + ((k & ~7) << 2); at < end; at += 32, low += pitch) {
      if (ASC_FEATURE_SIMD) {
        v128.store(low, v128.load(at));
        v128.store(low + passBytes, v128.load(at, 16));
      } else {
        let lane = low;
        for (let l: usize = 0; l < 32; l += 4, lane += passBytes) store<f32>(lane, load<f32>(at + l));
      }
    }
    const tail = k & 7;
    if (tail == 0) continue;
    for (let l: u32 = 0; l < 8; l++) {
      const lane = low + ((l / width) as usize) * passBytes + (((l % width) as usize) << 2);
      store<f32>(lane, l < tail ? load<f32>(at + ((l as usize) << 2)) : 0);
    }
  }
}

/** The 8 dot products of a packed panel of 2 rows of a and one of 4 rows of b: out[r][c] for r < rows, c < columns. */
export function packedTile(
  a: usize,
  b: usize,
  k: u32,
  rows: u32,
  columns: u32,
  accumulate: bool,
  out: usize,
  pitch: usize,
): void {
  const steps = (k + 7) >> 3;
  for (let pass: u32 = 0; pass < passes; pass++) {
    const sums = tileSums + ((pass * width * 8) << 2);
    const skipped = (pass * steps * width) << 2;
    if (ASC_FEATURE_SIMD) laneSums(a + skipped * tileRows, b + skipped * tileColumns, steps, sums);
    else oneLaneSums(a + skipped * tileRows, b + skipped * tileColumns, steps, sums);
  }
  for (let r: u32 = 0; r < rows; r++, out += pitch) {
    const sums = tileSums + ((r * tileColumns * width) << 2);
    if (ASC_FEATURE_SIMD && columns == tileColumns) {
      const four = foldFour(sums, 128);
      v128.store(out, accumulate ? f32x4.add(v128.load(out), four) : four);
      continue;
    }
    for (let c: u32 = 0; c < columns; c++) {
      const to = out + ((c as usize) << 2);
      const sum = foldSums(sums + ((c * width) << 2));
      store<f32>(to, accumulate ? load<f32>(to) + sum : sum);
    }
  }
}

/** The eight lanes of one sum of the tile, folded in their fixed order. */
function foldSums(sums: usize): f32 {
  if (ASC_FEATURE_SIMD) return fold(v128.load(sums), v128.load(sums, 128));
  return (
    load<f32>(sums) +
    load<f32>(sums, 128) +
    (load<f32>(sums, 64) + load<f32>(sums, 192)) +
    (load<f32>(sums, 32) + load<f32>(sums, 160) + (load<f32>(sums, 96) + load<f32>(sums, 224)))
  );
}

function laneSums(a: usize, b: usize, steps: u32, sums: usize): void {
  let s00 = f32x4.splat(0),
    s01 = s00,
    s02 = s00,
    s03 = s00,
    s10 = s00,
    s11 = s00,
    s12 = s00,
    s13 = s00;
  for (const end = a + ((steps as usize) << 5); a < end; a += 32, b += 64) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const b2 = v128.load(b, 32);
    const b3 = v128.load(b, 48);
    let row = v128.load(a);
    s00 = f32x4.add(s00, f32x4.mul(row, b0));
    s01 = f32x4.add(s01, f32x4.mul(row, b1));
    s02 = f32x4.add(s02, f32x4.mul(row, b2));
    s03 = f32x4.add(s03, f32x4.mul(row, b3));
    row = v128.load(a, 16);
    s10 = f32x4.add(s10, f32x4.mul(row, b0));
    s11 = f32x4.add(s11, f32x4.mul(row, b1));
    s12 = f32x4.add(s12, f32x4.mul(row, b2));
    s13 = f32x4.add(s13, f32x4.mul(row, b3));
  }
  v128.store(sums, s00);
  v128.store(sums, s01, 16);
  v128.store(sums, s02, 32);
  v128.store(sums, s03, 48);
  v128.store(sums, s10, 64);
  v128.store(sums, s11, 80);
  v128.store(sums, s12, 96);
  v128.store(sums, s13, 112);
}

function oneLaneSums(a: usize, b: usize, steps: u32, sums: usize): void {
  let s00: f32 = 0,
    s01: f32 = 0,
    s02: f32 = 0,
    s03: f32 = 0,
    s10: f32 = 0,
    s11: f32 = 0,
    s12: f32 = 0,
    s13: f32 = 0;
  for (const end = a + ((steps as usize) << 3); a < end; a += 8, b += 16) {
    const b0 = load<f32>(b);
    const b1 = load<f32>(b, 4);
    const b2 = load<f32>(b, 8);
    const b3 = load<f32>(b, 12);
    let row = load<f32>(a);
    s00 += row * b0;
    s01 += row * b1;
    s02 += row * b2;
    s03 += row * b3;
    row = load<f32>(a, 4);
    s10 += row * b0;
    s11 += row * b1;
    s12 += row * b2;
    s13 += row * b3;
  }
  store<f32>(sums, s00);
  store<f32>(sums, s01, 4);
  store<f32>(sums, s02, 8);
  store<f32>(sums, s03, 12);
  store<f32>(sums, s10, 16);
  store<f32>(sums, s11, 20);
  store<f32>(sums, s12, 24);
  store<f32>(sums, s13, 28);
}
