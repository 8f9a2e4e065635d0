/**
 * Fused multiply-adds, exact, from ordinary double arithmetic.
 *
 * PyTorch's initialisation is compiled with FMA instructions, and its bits depend on them. JavaScript has none, and
 * WebAssembly's relaxed ones may round twice: so the one rounding is built here out of IEEE operations, which every
 * engine performs alike.
 */

// Asked for once: in a vm context, such as jest's or Next's edge sandbox, each look at a global is slow (a table began 20 times slower).
const abs = Math.abs;
const fround = Math.fround;

/** The largest float. */
export const largestFloat = 3.4028234663852886e38;

/** What lies halfway between it and the next power of two. */
const overflowMiddle = 3.4028235677973366e38;

/**
 * a * b + c of three floats, rounded once to a float: C's `fmaf`, for every input.
 *
 * The product of two floats is exact in a double. Its sum with c is rounded to a double and then to a float, and these
 * two roundings differ from the one only when the double fell on the middle between two floats: then, and only then,
 * the error of the sum decides the side.
 *
 * @param a a float32 value, as are `b` and `c`
 * @returns a float32 value
 * @example
 * import { fusedMultiplyAdd } from "./fused.js";
 * fusedMultiplyAdd(3, 0.5, 1); // => 2.5
 */
export function fusedMultiplyAdd(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  const nearest = fround(sum);
  const other = nearest + 2 * (sum - nearest); // the image of `nearest` on the other side of `sum`
  if (abs(fround(other) - other) > 0) return nearest;
  return fround(settle(product, c, sum, nearest, other));
}

/**
 * The same for `count` lanes at once: y[j] = fusedMultiplyAdd(y[j], x[j], c). A loop this small runs at full speed on
 * every engine, where a chain of calls may be too long to be inlined. The two stores are apart, and `fround` above
 * is kept, so that V8 sees numbers on both ways: joined, they would put every result on the heap (2.5 times slower).
 *
 * @param y read and written
 * @param x the factors
 * @param c the summand of all lanes
 * @param count how many lanes
 * @example
 * import { fuseLanes } from "./fused.js";
 * const y = new Float32Array([3, 4]);
 * fuseLanes(y, new Float32Array([0.5, 0.5]), 1, 2);
 * y; // => Float32Array [2.5, 3]
 */
export function fuseLanes(y: Float32Array, x: Float32Array, c: number, count: number): void {
  for (let j = 0; j < count; j++) {
    const product = y[j] * x[j];
    const sum = product + c;
    const nearest = fround(sum);
    const other = nearest + 2 * (sum - nearest);
    if (abs(fround(other) - other) > 0) y[j] = nearest;
    else y[j] = settle(product, c, sum, nearest, other);
  }
}

/**
 * As `fuseLanes`, with a summand for every lane: y[j] = fusedMultiplyAdd(y[j], x[j], c[j]).
 *
 * @example
 * import { fuseLanesEach } from "./fused.js";
 * const y = new Float32Array([3, 4]);
 * fuseLanesEach(y, new Float32Array([0.5, 0.5]), new Float32Array([1, 2]), 2);
 * y; // => Float32Array [2.5, 4]
 */
export function fuseLanesEach(y: Float32Array, x: Float32Array, c: Float32Array, count: number): void {
  for (let j = 0; j < count; j++) {
    const product = y[j] * x[j];
    const sum = product + c[j];
    const nearest = fround(sum);
    const other = nearest + 2 * (sum - nearest);
    if (abs(fround(other) - other) > 0) y[j] = nearest;
    else y[j] = settle(product, c[j], sum, nearest, other);
  }
}

/** The rare rest: `sum` is a float itself, or the middle between the floats `nearest` and `other`, or too large. */
function settle(product: number, c: number, sum: number, nearest: number, other: number): number {
  const error = sumError(product, c, sum);
  if (error === 0) return nearest;
  if (Number.isNaN(other)) {
    // `nearest` is not finite: only from the very middle to the next power of two may the error bring it back.
    const back = abs(sum) === overflowMiddle && error > 0 !== sum > 0;
    return back ? Math.sign(sum) * largestFloat : nearest;
  }
  return other !== nearest && error > 0 === other > nearest ? other : nearest;
}

/** What `sum = a + b` lost to rounding, exactly (Knuth's TwoSum). */
function sumError(a: number, b: number, sum: number): number {
  const partOfB = sum - a;
  const partOfA = sum - partOfB;
  return a - partOfA + (b - partOfB);
}
