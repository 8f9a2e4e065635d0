import { blockedProduct } from "./blockedProduct.js";

/** The specification of `matmulNN`: out (m, n) = a (m, k) b (k, n) in blocks of 256 k. See {@link Kernels.matmulNN}. */
export function matmulNN(
  a: Float32Array,
  b: Float32Array,
  m: number,
  n: number,
  k: number,
  accumulate: boolean,
  out: Float32Array,
): void {
  blockedProduct(a, k, 1, b, m, n, k, accumulate, out);
}
