import { blockedProduct } from "./blockedProduct";

/**
 * out (m, n) = a (k, m)^T b (k, n), or out += with `accumulate`, in blocks of 256 k.
 * See src/backend/kernels.ts for the promise, src/backend/js/matmulTN.ts for the specification.
 */
export function matmulTN(a: usize, b: usize, m: u32, n: u32, k: u32, accumulate: bool, out: usize): void {
  blockedProduct(a, 1, m, b, m, n, k, accumulate, out);
}
