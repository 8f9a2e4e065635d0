/**
 * The small vocabulary that the kernels share: four lanes in one v128 where the engine has SIMD, the same sums one by one where not.
 * Lanes never meet but in `fold`, so both give the same bits.
 */

/** to[j] = to[j] + from[j] for j in [0, count): one f32 add each. */
export function addRow(to: usize, from: usize, count: u32): void {
  const end = to + ((count as usize) << 2);
  if (ASC_FEATURE_SIMD) {
    for (const stop = end - 28; to < stop && count >= 8; to += 32, from += 32) {
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
