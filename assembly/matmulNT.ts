import { packedTile, packLanes, panelSize, tileColumns, tileRows } from "./dotTile";
import { fewRowsDots } from "./fewRowsDots";
import { packed, packedFloats, panel, panelFloats } from "./scratch";

/** Fewer rows of a than this do not repay packing the rows of b: measured for short rows, and for rows of 256 floats and more. */
const rowsToPackShort: u32 = ASC_FEATURE_SIMD ? 4 : 2;
const rowsToPackLong: u32 = ASC_FEATURE_SIMD ? 8 : 2;

/**
 * out (m, n) = a (m, k) b (n, k)^T, or out += with `accumulate`, each element an 8-lane dot product.
 * See src/backend/kernels.ts for the promise, src/backend/js/matmulNT.ts for the specification.
 *
 * As many rows of a as fit are packed and stay in the second-level cache; the rows of b pass by once per such batch, in panels that stay
 * in the first.
 */
export function matmulNT(a: usize, b: usize, m: u32, n: u32, k: u32, accumulate: bool, out: usize): void {
  if (m < (k < 256 ? rowsToPackShort : rowsToPackLong) || panelSize(tileColumns, k) > panelFloats) {
    fewRowsDots(a, b, m, n, k, accumulate, out);
    return;
  }
  const pitch = (n as usize) << 2;
  const panelBytes = (panelSize(tileRows, k) as usize) << 2;
  const batch = k == 0 ? m : (packedFloats / panelSize(tileRows, k)) * tileRows;
  for (let top: u32 = 0; top < m; top += batch) {
    const bottom = min(top + batch, m);
    let to = packed;
    for (let i = top; i < bottom; i += tileRows, to += panelBytes) {
      packLanes(a + (((i as usize) * k) << 2), min(tileRows, bottom - i), tileRows, k, to);
    }
    for (let j: u32 = 0; j < n; j += tileColumns) {
      const columns = min(tileColumns, n - j);
      packLanes(b + (((j as usize) * k) << 2), columns, tileColumns, k, panel);
      let from = packed;
      for (let i = top; i < bottom; i += tileRows, from += panelBytes) {
        packedTile(
          from,
          panel,
          k,
          min(tileRows, bottom - i),
          columns,
          accumulate,
          out + (((i as usize) * n + j) << 2),
          pitch,
        );
      }
    }
  }
}
