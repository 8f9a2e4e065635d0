import { dot } from "./dot";

/**
 * out (m, n) = a (m, k) b (n, k)^T, or out += with `accumulate`, each element an 8-lane dot product.
 * See src/backend/backend.ts for the promise, src/backend/js/matmulNT.ts for the specification.
 */
export function matmulNT(a: usize, b: usize, m: u32, n: u32, k: u32, accumulate: bool, out: usize): void {
  for (let j: u32 = 0; j < n; j++) {
    for (let i: u32 = 0; i < m; i++) {
      const at = out + ((((i as usize) * n + j) as usize) << 2);
      const sum = dot(a + (((i as usize) * k) << 2), b + (((j as usize) * k) << 2), k);
      store<f32>(at, accumulate ? load<f32>(at) + sum : sum);
    }
  }
}
