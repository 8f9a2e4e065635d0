const f = Math.fround;

/**
 * The dot product of two rows, in the order that every implementation keeps: 8 lanes, lane l summing the products of
 * p = l, l + 8, l + 16, ... from +0, then folded as ((s0+s4) + (s2+s6)) + ((s1+s5) + (s3+s7)), each step rounded to f32.
 *
 * One 256-bit register or two 128-bit ones hold the lanes, so no machine has to transpose or shuffle inside the loop; and since
 * lanes start at +0 and x + (+0 * +0) is x for every x such a lane can hold, padding both rows with zeros changes no bit.
 */
export function dot(a: Float32Array, aOffset: number, b: Float32Array, bOffset: number, k: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let s4 = 0;
  let s5 = 0;
  let s6 = 0;
  let s7 = 0;
  let i = aOffset;
  let j = bOffset;
  for (const end = aOffset + (k & ~7); i < end; i += 8, j += 8) {
    s0 = f(s0 + f(a[i] * b[j]));
    s1 = f(s1 + f(a[i + 1] * b[j + 1]));
    s2 = f(s2 + f(a[i + 2] * b[j + 2]));
    s3 = f(s3 + f(a[i + 3] * b[j + 3]));
    s4 = f(s4 + f(a[i + 4] * b[j + 4]));
    s5 = f(s5 + f(a[i + 5] * b[j + 5]));
    s6 = f(s6 + f(a[i + 6] * b[j + 6]));
    s7 = f(s7 + f(a[i + 7] * b[j + 7]));
  }
  const tail = k & 7;
  if (tail > 0) s0 = f(s0 + f(a[i] * b[j]));
  if (tail > 1) s1 = f(s1 + f(a[i + 1] * b[j + 1]));
  if (tail > 2) s2 = f(s2 + f(a[i + 2] * b[j + 2]));
  if (tail > 3) s3 = f(s3 + f(a[i + 3] * b[j + 3]));
  if (tail > 4) s4 = f(s4 + f(a[i + 4] * b[j + 4]));
  if (tail > 5) s5 = f(s5 + f(a[i + 5] * b[j + 5]));
  if (tail > 6) s6 = f(s6 + f(a[i + 6] * b[j + 6]));
  return f(f(f(s0 + s4) + f(s2 + s6)) + f(f(s1 + s5) + f(s3 + s7)));
}
