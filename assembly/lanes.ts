/**
 * The small vocabulary that the kernels share: four lanes in one v128 where the engine has SIMD, the same sums one by one where not.
 * Lanes never meet but in `fold`, so both give the same bits.
 */

/** to[j] = to[j] + from[j] for j in [0, count): one f32 add each. */
export function addRow(to: usize, from: usize, count: u32): void {
  const end = to + ((count as usize) << 2);
  if (ASC_FEATURE_SIMD) {
    for (const stop = to + ((count & ~7) << 2); to < stop; to += 32, from += 32) {
      const low = f32x4.add(v128.load(to), v128.load(from));
      const high = f32x4.add(v128.load(to, 16), v128.load(from, 16));
      v128.store(to, low);
      v128.store(to, high, 16);
    }
  }
  for (; to < end; to += 4, from += 4) store<f32>(to, load<f32>(to) + load<f32>(from));
}

/** The eight lanes of a dot product in their fixed order: ((s0+s4) + (s2+s6)) + ((s1+s5) + (s3+s7)). */
export function fold(low: v128, high: v128): f32 {
  const pairs = f32x4.add(low, high);
  return (
    f32x4.extract_lane(pairs, 0) +
    f32x4.extract_lane(pairs, 2) +
    (f32x4.extract_lane(pairs, 1) + f32x4.extract_lane(pairs, 3))
  );
}

/** Four dot products folded side by side, from their low lanes at sums, 16 bytes apart, and their high lanes `high` bytes further. */
export function foldFour(sums: usize, high: usize): v128 {
  const top = sums + high;
  const t0 = f32x4.add(v128.load(sums), v128.load(top));
  const t1 = f32x4.add(v128.load(sums, 16), v128.load(top, 16));
  const t2 = f32x4.add(v128.load(sums, 32), v128.load(top, 32));
  const t3 = f32x4.add(v128.load(sums, 48), v128.load(top, 48));
  const left = f32x4.add(v128.shuffle<f32>(t0, t1, 0, 1, 4, 5), v128.shuffle<f32>(t0, t1, 2, 3, 6, 7));
  const right = f32x4.add(v128.shuffle<f32>(t2, t3, 0, 1, 4, 5), v128.shuffle<f32>(t2, t3, 2, 3, 6, 7));
  return f32x4.add(v128.shuffle<f32>(left, right, 0, 2, 4, 6), v128.shuffle<f32>(left, right, 1, 3, 5, 7));
}
