import { firstOutside } from "./firstOutside.js";

/** As {@link firstOutside} for the rows of a step: no rows at all stands for row 0, 1, 2, … */
export function firstRowOutside(rows: Uint32Array, numRows: number, numEmbeddings: number): number {
  return rows.length === 0 ? Math.min(numRows, numEmbeddings) : firstOutside(rows, numRows, numEmbeddings);
}
