import { firstOutside } from "./firstOutside";

/** As firstOutside for the rows of a step: no rows (0) stand for row 0, 1, 2, … */
export function firstRowOutside(rows: usize, numRows: u32, numEmbeddings: u32): u32 {
  return rows == 0 ? min(numRows, numEmbeddings) : firstOutside(rows, numRows, numEmbeddings);
}

/** Where a step's r-th row starts in a table, in bytes. */
export function rowStart(rows: usize, r: u32, rowBytes: usize): usize {
  return rows == 0 ? (r as usize) * rowBytes : (load<u32>(rows + ((r as usize) << 2)) as usize) * rowBytes;
}
