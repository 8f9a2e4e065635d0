import { matmulKernels } from "../backend/families/matmul.js";
import { kernelsFor, selectBackend } from "../backend/select.js";
import { checkApart, checkBoolean, checkLength, checkOptions, checkWhole } from "../check.js";
import { newFloats } from "../results.js";

/** The shapes of a {@link matmul}. */
export interface MatmulOptions {
  /** Rows of the result. */
  m: number;
  /** Columns of the result. */
  n: number;
  /** What is summed over. */
  k: number;
  /** Whether a is stored (k, m) instead of (m, k). Default: false. */
  transposeA?: boolean | undefined;
  /** Whether b is stored (n, k) instead of (k, n). Default: false. */
  transposeB?: boolean | undefined;
  /** Where to write instead of into new memory: exactly m x n floats. */
  out?: Float32Array | undefined;
  /** See {@link Embedding}. */
  backend?: string | undefined;
}

/**
 * The matrix product, (m, k) x (k, n) -> (m, n), row by row: `torch.matmul` in two dimensions.
 *
 * The order of sums is fixed (ARCHITECTURE.md, "The order of sums"), so every backend gives the same bits.
 *
 * @param a m x k floats, row by row.
 * @param b k x n floats, row by row.
 * @returns m x n floats, row by row.
 * @throws RangeError [ERR_INVALID_LENGTH], [ERR_OUT_OF_RANGE], [ERR_UNKNOWN_BACKEND], [ERR_BACKEND_UNSUPPORTED];
 * TypeError [ERR_INVALID_ARG_TYPE]
 * @example
 * import { matmul } from "nn-embedding";
 * matmul(Float32Array.of(1, 2), Float32Array.of(3, 4, 5, 6), { m: 1, n: 2, k: 2 }); // => Float32Array [13, 16]
 */
export function matmul(a: Float32Array, b: Float32Array, options: MatmulOptions): Float32Array {
  checkOptions(options, ["m", "n", "k", "transposeA", "transposeB", "out", "backend"]);
  const { m, n, k, transposeA = false, transposeB = false, out } = options;
  checkWhole("m", m, 0);
  checkWhole("n", n, 0);
  checkWhole("k", k, 0);
  checkBoolean("transposeA", transposeA);
  checkBoolean("transposeB", transposeB);
  checkLength("a", a, m * k, "m x k");
  checkLength("b", b, k * n, "k x n");
  if (out !== undefined) {
    checkLength("out", out, m * n, "m x n");
    checkApart("out", out, "a", a);
    checkApart("out", out, "b", b);
  }
  const kernels = kernelsFor(selectBackend(options.backend), matmulKernels, m * n * k);
  const result = out ?? newFloats(m * n);
  if (transposeA && transposeB) {
    const transposed = newFloats(m * n); // a^T b^T is (b a)^T
    kernels.matmulNN(b, a, n, m, k, false, transposed);
    for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) result[i * n + j] = transposed[j * m + i];
  } else if (transposeA) kernels.matmulTN(a, b, m, n, k, false, result);
  else if (transposeB) kernels.matmulNT(a, b, m, n, k, false, result);
  else kernels.matmulNN(a, b, m, n, k, false, result);
  return result;
}
