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
 * An open-addressing hash table of the indices met so far and a radix sort of many distinct ones make the cost O(n), whatever the size of
 * the table that the indices point into.
 */
export function coalesce(indices: Uint32Array, paddingIdx: number): Coalesced {
  const numIndices = indices.length;
  const size = 2 ** Math.ceil(Math.log2(numIndices + 1) + 1); // at most half full
  const shift = 32 - Math.log2(size);
  const slots = new Uint32Array(size); // ordinal + 1 of the row that lives here, or 0
  const firstMet = new Uint32Array(numIndices); // the distinct rows in order of appearance
  const places = new Uint32Array(numIndices);
  let numRows = 0;
  for (let i = 0; i < numIndices; i++) {
    const row = indices[i];
    if (row === paddingIdx) continue;
    let slot = Math.imul(row, 0x9e3779b1) >>> shift; // Fibonacci hashing
    let ordinal = slots[slot];
    while (ordinal !== 0 && firstMet[ordinal - 1] !== row) {
      slot = (slot + 1) & (size - 1);
      ordinal = slots[slot];
    }
    if (ordinal === 0) {
      firstMet[numRows++] = row;
      ordinal = numRows;
      slots[slot] = ordinal;
    }
    places[i] = ordinal;
  }

  const { sorted, order } = sortRows(firstMet.subarray(0, numRows));
  const rank = new Uint32Array(numRows + 1); // ordinal + 1 -> place among the sorted; 0, which is padding, -> behind them
  rank[0] = numRows;
  for (let place = 0; place < numRows; place++) rank[order[place] + 1] = place;
  for (let i = 0; i < numIndices; i++) places[i] = rank[places[i]];
  return { rows: sorted, places };
}

/** Below this many rows the engine's own sort is done before the buckets of a radix sort are cleared (measured in V8). */
const fewRows = 1024;

/** Rows in ascending order, and where each of them stood before. */
function sortRows(rows: Uint32Array): { readonly sorted: Uint32Array; readonly order: Uint32Array } {
  return rows.length < fewRows ? sortFew(rows) : sortMany(rows);
}

/** One number each of a row and its place. */
function sortFew(rows: Uint32Array): { readonly sorted: Uint32Array; readonly order: Uint32Array } {
  const keys = new Float64Array(rows.length);
  for (let r = 0; r < rows.length; r++) keys[r] = rows[r] * fewRows + r;
  keys.sort();
  const sorted = new Uint32Array(rows.length);
  const order = new Uint32Array(rows.length);
  for (let r = 0; r < rows.length; r++) {
    sorted[r] = keys[r] / fewRows;
    order[r] = keys[r] - sorted[r] * fewRows;
  }
  return { sorted, order };
}

/** Byte after byte, the lowest first. */
function sortMany(rows: Uint32Array): { readonly sorted: Uint32Array; readonly order: Uint32Array } {
  const numRows = rows.length;
  let sorted = rows.slice();
  let order = new Uint32Array(numRows);
  let nextSorted = new Uint32Array(numRows);
  let nextOrder = new Uint32Array(numRows);
  const starts = new Uint32Array(257);
  let bits = 0;
  for (let r = 0; r < numRows; r++) {
    bits |= rows[r];
    order[r] = r;
  }
  for (let shift = 0; shift < 32 && bits >>> shift !== 0; shift += 8) {
    starts.fill(0);
    for (let r = 0; r < numRows; r++) starts[((sorted[r] >>> shift) & 255) + 1]++;
    for (let digit = 1; digit < 257; digit++) starts[digit] += starts[digit - 1];
    for (let r = 0; r < numRows; r++) {
      const to = starts[(sorted[r] >>> shift) & 255]++;
      nextSorted[to] = sorted[r];
      nextOrder[to] = order[r];
    }
    [sorted, nextSorted, order, nextOrder] = [nextSorted, sorted, nextOrder, order];
  }
  return { sorted, order };
}

/** The union of earlier rows, ascending, and coalesced ones, with the places of both in it. */
export function merge(
  earlier: Uint32Array,
  { rows, places }: Coalesced,
): Coalesced & { readonly earlierPlaces: Uint32Array } {
  if (earlier.length === 0) return { rows, places, earlierPlaces: earlier };
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

/**
 * Moves the first rows of `values` to their places, ascending, among numRows; all others become zeros. The last goes first, for a row moves
 * up or stays.
 */
export function spreadRows(values: Float32Array, numColumns: number, places: Uint32Array, numRows: number): void {
  let above = numRows;
  for (let r = places.length - 1; r >= 0; r--) {
    const place = places[r];
    values.fill(0, (place + 1) * numColumns, above * numColumns);
    values.copyWithin(place * numColumns, r * numColumns, (r + 1) * numColumns);
    above = place;
  }
  values.fill(0, 0, above * numColumns);
}
