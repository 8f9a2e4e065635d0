/** Above every row. */
const noRow = 0xffffffff;

/** Which rows a list of indices touches, each once, and where in that list of rows each index went. */
export interface Coalesced {
  /** The distinct rows, ascending, padding left out. */
  readonly rows: Uint32Array;
  /** For each index its place in `rows`; `rows.length` for padding. */
  readonly places: Uint32Array;
}

/**
 * The distinct rows of `indices`, ascending, and each index's place among them.
 *
 * An open-addressing hash table of the indices met so far makes the cost O(n + rows log rows), whatever the size of the table
 * that the indices point into.
 */
export function coalesce(indices: Uint32Array, paddingIdx: number): Coalesced {
  const numIndices = indices.length;
  const size = 2 ** Math.max(1, Math.ceil(Math.log2(numIndices + 1)) + 1); // at most half full
  const shift = 32 - Math.log2(size);
  const slots = new Uint32Array(size); // ordinal + 1 of the row that lives here, or 0
  const firstMet = new Uint32Array(numIndices); // the distinct rows in order of appearance
  const places = new Uint32Array(numIndices);
  let numRows = 0;
  for (let i = 0; i < numIndices; i++) {
    const row = indices[i];
    if (row === paddingIdx) {
      places[i] = paddingIdx;
      continue;
    }
    let slot = Math.imul(row, 0x9e3779b1) >>> shift; // Fibonacci hashing
    while (slots[slot] !== 0 && firstMet[slots[slot] - 1] !== row) slot = (slot + 1) & (size - 1);
    if (slots[slot] === 0) {
      firstMet[numRows++] = row;
      slots[slot] = numRows;
    }
    places[i] = slots[slot] - 1;
  }

  const rows = firstMet.slice(0, numRows).sort();
  const rank = new Uint32Array(numRows); // ordinal of appearance -> place among the sorted
  for (let place = 0; place < numRows; place++) {
    const row = rows[place];
    let slot = Math.imul(row, 0x9e3779b1) >>> shift;
    while (firstMet[slots[slot] - 1] !== row) slot = (slot + 1) & (size - 1);
    rank[slots[slot] - 1] = place;
  }
  for (let i = 0; i < numIndices; i++) places[i] = indices[i] === paddingIdx ? numRows : rank[places[i]];
  return { rows, places };
}

/** The union of earlier rows, ascending, and coalesced ones, with the places of both in it. */
export function merge(
  earlier: Uint32Array,
  { rows, places }: Coalesced,
): Coalesced & { readonly earlierPlaces: Uint32Array } {
  const union = new Uint32Array(earlier.length + rows.length);
  const earlierPlaces = new Uint32Array(earlier.length);
  const newPlaces = new Uint32Array(rows.length + 1);
  let numRows = 0;
  for (let e = 0, r = 0; e < earlier.length || r < rows.length; numRows++) {
    const row = Math.min(earlier[e] ?? noRow, rows[r] ?? noRow);
    union[numRows] = row;
    if (earlier[e] === row) earlierPlaces[e++] = numRows;
    if (rows[r] === row) newPlaces[r++] = numRows;
  }
  newPlaces[rows.length] = numRows; // padding
  return { rows: union.slice(0, numRows), places: places.map((place) => newPlaces[place]), earlierPlaces };
}
