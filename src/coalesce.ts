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
 * The distinct rows of `indices`, ascending, and each index's place among them. Marked in a map of bits where the rows lie close enough for
 * it to be no longer than twice the list, else sorted by their bits: the cost is O(n), whatever the size of the table that the indices
 * point into.
 */
export function coalesce(indices: Uint32Array, paddingIdx: number): Coalesced {
  const numIndices = indices.length;
  let greatest = 0;
  for (let i = 0; i < numIndices; i++) {
    const row = indices[i];
    if (row > greatest && row !== paddingIdx) greatest = row;
  }
  const numWords = (greatest >>> 5) + 1;
  return numWords <= 2 * numIndices ? mark(indices, paddingIdx, numWords) : sort(indices, paddingIdx);
}

/** A bit for each row there could be, and how many rows stand before each word of them. */
function mark(indices: Uint32Array, paddingIdx: number, numWords: number): Coalesced {
  const numIndices = indices.length;
  const marks = new Int32Array(numWords);
  const before = new Int32Array(numWords);
  for (let i = 0; i < numIndices; i++) {
    const row = indices[i];
    if (row !== paddingIdx) marks[row >>> 5] |= 1 << (row & 31);
  }
  let numRows = 0;
  for (let word = 0; word < numWords; word++) {
    before[word] = numRows;
    if (marks[word] !== 0) numRows += countBits(marks[word]);
  }
  const rows = new Uint32Array(numRows);
  for (let word = 0, place = 0; word < numWords; word++) {
    for (let left = marks[word]; left !== 0; left &= left - 1) {
      rows[place++] = word * 32 + 31 - Math.clz32(left & -left);
    }
  }
  const places = new Uint32Array(numIndices);
  for (let i = 0; i < numIndices; i++) {
    const row = indices[i];
    const word = row >>> 5;
    const below = (1 << (row & 31)) - 1;
    places[i] = row === paddingIdx ? numRows : before[word] + countBits(marks[word] & below);
  }
  return { rows, places };
}

function countBits(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function sort(indices: Uint32Array, paddingIdx: number): Coalesced {
  const numIndices = indices.length;
  const isShort = numIndices < fewIndices;
  const { sorted, order, count } = isShort ? sortFew(indices, paddingIdx) : sortMany(indices, paddingIdx);
  const places = new Uint32Array(numIndices);
  let numRows = 0;
  for (let at = 0, last = noRow; at < count; at++) {
    const row = sorted[at];
    if (row !== last) sorted[numRows++] = last = row; // over what has been read
    places[order[at]] = numRows - 1;
  }
  if (count < numIndices) {
    for (let i = 0; i < numIndices; i++) if (indices[i] === paddingIdx) places[i] = numRows;
  }
  return { rows: sorted.slice(0, numRows), places };
}

/** Indices in ascending order, padding left out: `count` of them, and where each stood before. What stands behind those is anything. */
interface Sorted {
  readonly sorted: Uint32Array;
  readonly order: Uint32Array;
  readonly count: number;
}

/** Below so many indices the engine's own sort is done before the counters of the other are cleared (measured in V8). */
const fewIndices = 512;

/** As one number each, of the row and its position. */
function sortFew(indices: Uint32Array, paddingIdx: number): Sorted {
  const numIndices = indices.length;
  const keys = new Float64Array(numIndices);
  let count = 0;
  for (let i = 0; i < numIndices; i++) if (indices[i] !== paddingIdx) keys[count++] = indices[i] * fewIndices + i;
  keys.fill(Number.POSITIVE_INFINITY, count).sort();
  const sorted = new Uint32Array(numIndices);
  const order = new Uint32Array(numIndices);
  for (let at = 0; at < count; at++) {
    sorted[at] = keys[at] / fewIndices;
    order[at] = keys[at] - sorted[at] * fewIndices;
  }
  return { sorted, order, count };
}

/** So many bits at a time, the lowest first, are sorted by: the counters of a digit stay in a first-level cache. */
const digitBits = 11;
const digitMask = 2 ** digitBits - 1;

function sortMany(indices: Uint32Array, paddingIdx: number): Sorted {
  const numIndices = indices.length;
  let sorted = new Uint32Array(numIndices);
  let order = new Uint32Array(numIndices);
  let nextSorted = new Uint32Array(numIndices);
  let nextOrder = new Uint32Array(numIndices);
  let count = 0;
  let bits = 0;
  for (let i = 0; i < numIndices; i++) {
    const row = indices[i];
    if (row === paddingIdx) continue;
    bits |= row;
    sorted[count] = row;
    order[count++] = i;
  }
  const starts = new Uint32Array(digitMask + 2);
  for (let shift = 0; shift < 32 && bits >>> shift !== 0; shift += digitBits) {
    starts.fill(0);
    for (let at = 0; at < count; at++) starts[((sorted[at] >>> shift) & digitMask) + 1]++;
    for (let digit = 1; digit <= digitMask; digit++) starts[digit] += starts[digit - 1];
    for (let at = 0; at < count; at++) {
      const row = sorted[at];
      const to = starts[(row >>> shift) & digitMask]++;
      nextSorted[to] = row;
      nextOrder[to] = order[at];
    }
    [sorted, nextSorted, order, nextOrder] = [nextSorted, sorted, nextOrder, order];
  }
  return { sorted, order, count };
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
