import { dot } from "./dot.js";

/** The specification of `matmulNT`: out (m, n) = a (m, k) b (n, k)^T, each element a {@link dot}. See {@link Kernels.matmulNT}. */
export function matmulNT(
  a: Float32Array,
  b: Float32Array,
  m: number,
  n: number,
  k: number,
  accumulate: boolean,
  out: Float32Array,
): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const sum = dot(a, i * k, b, j * k, k);
      const at = i * n + j;
      out[at] = accumulate ? out[at] + sum : sum;
    }
  }
}
