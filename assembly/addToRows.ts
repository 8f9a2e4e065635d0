import { touch } from "./rows";

/**
 * table[row, :] += from[:], times the scale of each index unless scales is 0, for the row of every index in [at, end) but paddingIdx; `from`
 * moves on by `step` bytes an index. The last index that there is, in this list or behind it, stands at `last`. `ahead` is
 * bytesAhead(rowBytes): computed here, V8 would do it again for every row.
 */
export function addToRows(
  table: usize,
  rowBytes: usize,
  ahead: usize,
  at: usize,
  end: usize,
  last: usize,
  paddingIdx: u32,
  scales: usize,
  from: usize,
  step: usize,
): void {
  for (; at < end; at += 4, from += step) {
    touch(table, rowBytes, at + ahead, last);
    const index = load<u32>(at);
    let scale: f32 = 1; // a product with 1 is the number itself
    if (scales != 0) {
      scale = load<f32>(scales);
      scales += 4;
    }
    if (index == paddingIdx) continue;
    let to = table + (index as usize) * rowBytes;
    let source = from;
    const rowEnd = to + rowBytes;
    if (ASC_FEATURE_SIMD) {
      const four = f32x4.splat(scale);
      for (const stop = to + (rowBytes & ~63); to < stop; to += 64, source += 64) {
        const a = f32x4.add(v128.load(to), f32x4.mul(four, v128.load(source)));
        const b = f32x4.add(v128.load(to, 16), f32x4.mul(four, v128.load(source, 16)));
        const c = f32x4.add(v128.load(to, 32), f32x4.mul(four, v128.load(source, 32)));
        const d = f32x4.add(v128.load(to, 48), f32x4.mul(four, v128.load(source, 48)));
        v128.store(to, a);
        v128.store(to, b, 16);
        v128.store(to, c, 32);
        v128.store(to, d, 48);
      }
      for (const stop = rowEnd - (rowBytes & 12); to < stop; to += 16, source += 16) {
        v128.store(to, f32x4.add(v128.load(to), f32x4.mul(four, v128.load(source))));
      }
    }
    for (; to < rowEnd; to += 4, source += 4) store<f32>(to, load<f32>(to) + scale * load<f32>(source));
  }
}
