/**
 * Which rows of a table may move: a mask with an entry per row, 1 for those, 0 for the fixed ones, of which there is at least one.
 */

/** The rows that may move as stretches [start, end), ascending. */
export function stretchesOf(mask: Uint8Array): [number, number][] {
  const stretches: [number, number][] = [];
  for (let start = mask.indexOf(1), end = 0; start >= 0; start = mask.indexOf(1, end)) {
    end = mask.indexOf(0, start);
    if (end < 0) end = mask.length;
    stretches.push([start, end]);
  }
  return stretches;
}

/**
 * The same indices and padding row for a kernel that passes over one row only: all fixed rows and the padding row become the first fixed
 * row. Indices out of range stay what they are.
 */
export function passOver(
  mask: Uint8Array,
  indices: Uint32Array,
  paddingIdx: number,
): { indices: Uint32Array; paddingIdx: number } {
  const fixed = mask.indexOf(0);
  const passed = indices.map((row) => (mask[row] === 0 || row === paddingIdx ? fixed : row));
  return { indices: passed, paddingIdx: fixed };
}

/** Zeros in the fixed rows of a table. */
export function clearFixed(mask: Uint8Array, values: Float32Array, numColumns: number): void {
  for (let row = mask.indexOf(0); row >= 0; row = mask.indexOf(0, row + 1)) {
    values.fill(0, row * numColumns, (row + 1) * numColumns);
  }
}
