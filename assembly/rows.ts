import { firstOutside } from "./firstOutside";

/** As firstOutside for the rows of a step: no rows (0) stand for row 0, 1, 2, … */
export function firstRowOutside(rows: usize, numRows: u32, numEmbeddings: u32): u32 {
  return rows == 0 ? min(numRows, numEmbeddings) : firstOutside(rows, numRows, numEmbeddings);
}

/** Where a step's r-th row starts in a table, in bytes. */
export function rowStart(rows: usize, r: u32, rowBytes: usize): usize {
  return rows == 0 ? (r as usize) * rowBytes : (load<u32>(rows + ((r as usize) << 2)) as usize) * rowBytes;
}

/** How many bytes of a list of indices lie between the row that is worked on and the one that is asked for: 64 short rows or 16 others. */
export function bytesAhead(rowBytes: usize): usize {
  return rowBytes < 128 ? 256 : 64;
}

/**
 * Reads one byte of the row whose index stands at `at`, or at `last` when that is less: WASM has no prefetch, but a load that nothing waits
 * for brings its line, and above all its page's address, while the rows before it are worked on.
 */
export function touch(table: usize, rowBytes: usize, at: usize, last: usize): void {
  load<u8>(table + (load<u32>(min(at, last)) as usize) * rowBytes);
}

/** Rows that are brought near at once by touchRows, in bytes of their indices. */
export const touchedAtOnce: usize = 64 << 2;

/**
 * Reads one byte of every line of the rows whose indices lie in [at, end): loads that nothing waits for miss side by side, dozens at a time,
 * where those among the work of a row miss a few at a time.
 */
export function touchRows(weight: usize, rowBytes: usize, at: usize, end: usize): void {
  for (; at < end; at += 4) {
    const row = weight + (load<u32>(at) as usize) * rowBytes;
    for (let line: usize = 0; line < rowBytes; line += 64) load<u8>(row + line);
  }
}
