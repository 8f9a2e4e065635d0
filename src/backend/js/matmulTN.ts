import { blockedProduct } from "./blockedProduct.js";

/** The specification of `matmulTN`: out (m, n) = a (k, m)^T b (k, n) in blocks of 256 k. See {@link Kernels.matmulTN}. */
export function matmulTN(
  a: Float32Array,
  b: Float32Array,
  m: number,
  n: number,
  k: number,
  accumulate: boolean,
  out: Float32Array,
): void {
  blockedProduct(a, 1, m, b, m, n, k, accumulate, out);
}
