/** The dot product of two rows of k floats in the 8-lane order of src/backend/js/dot.ts, scalar. */
export function dot(a: usize, b: usize, k: u32): f32 {
  let s0: f32 = 0;
  let s1: f32 = 0;
  let s2: f32 = 0;
  let s3: f32 = 0;
  let s4: f32 = 0;
  let s5: f32 = 0;
  let s6: f32 = 0;
  let s7: f32 = 0;
  for (const end = a + (((k & ~7) as usize) << 2); a < end; a += 32, b += 32) {
    s0 += load<f32>(a) * load<f32>(b);
    s1 += load<f32>(a, 4) * load<f32>(b, 4);
    s2 += load<f32>(a, 8) * load<f32>(b, 8);
    s3 += load<f32>(a, 12) * load<f32>(b, 12);
    s4 += load<f32>(a, 16) * load<f32>(b, 16);
    s5 += load<f32>(a, 20) * load<f32>(b, 20);
    s6 += load<f32>(a, 24) * load<f32>(b, 24);
    s7 += load<f32>(a, 28) * load<f32>(b, 28);
  }
  const tail = k & 7;
  if (tail > 0) s0 += load<f32>(a) * load<f32>(b);
  if (tail > 1) s1 += load<f32>(a, 4) * load<f32>(b, 4);
  if (tail > 2) s2 += load<f32>(a, 8) * load<f32>(b, 8);
  if (tail > 3) s3 += load<f32>(a, 12) * load<f32>(b, 12);
  if (tail > 4) s4 += load<f32>(a, 16) * load<f32>(b, 16);
  if (tail > 5) s5 += load<f32>(a, 20) * load<f32>(b, 20);
  if (tail > 6) s6 += load<f32>(a, 24) * load<f32>(b, 24);
  return s0 + s4 + (s2 + s6) + (s1 + s5 + (s3 + s7));
}
