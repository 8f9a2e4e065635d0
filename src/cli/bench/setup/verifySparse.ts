import { noPadding } from "../../../backend/backend.js";
import { specification } from "../../kernels.js";
import { verifyRows } from "./verify.js";

/** A gradient of some rows: which, ascending, and their values. */
export interface SparseRows {
  readonly rows: Uint32Array;
  readonly values: Float32Array;
}

/** What the gradient of these ids should be, row i / idsPerRow of gradOut belonging to id i: the specification's, made dense and picked from. */
export function sparseGradient(
  numEmbeddings: number,
  dim: number,
  ids: Uint32Array,
  gradOut: Float32Array,
  idsPerRow = 1,
): SparseRows {
  const rows = new Uint32Array(new Set(ids)).sort();
  const places = new Uint32Array(numEmbeddings);
  rows.forEach((row, place) => {
    places[row] = place;
  });
  const list = ids.map((id) => places[id]);
  const values = new Float32Array(rows.length * dim);
  const offsets = Uint32Array.from({ length: ids.length / idsPerRow + 1 }, (_, b) => b * idsPerRow);
  const bags = [list, list.length, offsets, offsets.length - 1] as const;
  specification.scatterAddBags(values, rows.length, dim, ...bags, noPadding, new Float32Array(0), gradOut);
  return { rows, values };
}

/** Throws unless a gradient is sparse and has the bits expected. */
export function verifySparse(
  where: string,
  dim: number,
  actual: (Omit<Partial<SparseRows>, "rows"> & { readonly rows?: Uint32Array | null; readonly kind: string }) | null,
  expected: SparseRows,
): void {
  const { rows, values } = actual ?? {};
  const isSame = rows?.length === expected.rows.length && rows.every((row, place) => row === expected.rows[place]);
  if (!isSame || values === undefined) throw new Error(`${where}: the rows of the gradient are not those expected`);
  verifyRows(where, "values", dim, values, expected.values);
}
