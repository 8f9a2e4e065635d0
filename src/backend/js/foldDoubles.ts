/** Eight lanes of doubles folded in the order of a dot product: ((s0+s4) + (s2+s6)) + ((s1+s5) + (s3+s7)). */
export function foldDoubles(s: Float64Array): number {
  return s[0] + s[4] + (s[2] + s[6]) + (s[1] + s[5] + (s[3] + s[7]));
}
