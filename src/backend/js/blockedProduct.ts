const f = Math.fround;

/** How many consecutive k are summed in order before their sum joins the total. */
export const blockOfK = 256;

/** How many columns are summed side by side, so that a block's sums stay in the first-level cache. */
const columnsAtOnce = 512;

/**
 * out[i, j] = the sum over p of a[i * rowStride + p * stepStride] * b[p, j], or that sum added to out.
 *
 * Order of sums, for each output by itself: every 256 consecutive p in order from +0; the total starts at +0 (or at out) and takes
 * the block sums in order. Columns do not meet, so a machine may do any number of them at once.
 */
export function blockedProduct(
  a: Float32Array,
  rowStride: number,
  stepStride: number,
  b: Float32Array,
  m: number,
  n: number,
  k: number,
  accumulate: boolean,
  out: Float32Array,
): void {
  if (!accumulate) out.fill(0, 0, m * n);
  const sums = new Float32Array(Math.min(n, columnsAtOnce));
  for (let start = 0; start < k; start += blockOfK) {
    const end = Math.min(start + blockOfK, k);
    for (let left = 0; left < n; left += columnsAtOnce) {
      const width = Math.min(columnsAtOnce, n - left);
      for (let i = 0; i < m; i++) {
        sums.fill(0);
        for (let p = start; p < end; p++) {
          const factor = a[i * rowStride + p * stepStride];
          const row = p * n + left;
          for (let j = 0; j < width; j++) sums[j] += f(factor * b[row + j]);
        }
        const to = i * n + left;
        for (let j = 0; j < width; j++) out[to + j] += sums[j];
      }
    }
  }
}
