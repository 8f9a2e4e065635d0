import { blockedProduct } from "./blockedProduct";

/**
 * out (m, n) = a (m, k) b (k, n), or out += with `accumulate`, in blocks of 256 k.
 * See src/backend/kernels.ts for the promise, src/backend/js/matmulNN.ts for the specification.
 */
export function matmulNN(a: usize, b: usize, m: u32, n: u32, k: u32, accumulate: bool, out: usize): void {
  blockedProduct(a, k, 1, b, m, n, k, accumulate, out);
}
