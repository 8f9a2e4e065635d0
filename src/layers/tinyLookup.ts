import { longRow } from "../backend/backend.js";
import type { Indices, NestedIndices } from "../indices.js";
import type { Parameter } from "../parameter.js";
import { newFloats } from "../results.js";

/**
 * From so many floats on `out` may not lie over the table: asking for an array's buffer costs as much as a smaller lookup. Fewer are tiny, and
 * so are two rows that are long.
 */
export const checkedFloats = 64;

/** Where a plain array is written down while it is read. An element may be a getter that looks something up: then `reads` moves on. */
const scratch = new Uint32Array(checkedFloats);
let reads = 0;

/**
 * The rows of so few indices that a call into any backend would take longer, in `out` or in new memory: for the two common kinds of indices,
 * each in loops of its own that V8 makes straight code of, without the views and buffers that the general call asks for.
 *
 * Null when there is more to do, or when anything is not as it should be: nothing has been written to `out` then, and the general call does
 * it or says what is wrong.
 */
export function lookUpTiny(weight: Parameter, indices: Indices, out: Float32Array | undefined): Float32Array | null {
  const { numColumns } = weight;
  if (indices instanceof Uint32Array) {
    const { length } = indices;
    if (numColumns >= longRow) return length === 1 || length === 2 ? longRows(weight, indices, out) : null;
    if (length === 0 || length * numColumns >= checkedFloats) return null;
    return out === undefined ? rowsOf(weight, indices) : rowsInto(weight, indices, out);
  }
  if (!Array.isArray(indices)) return null;
  const { length } = indices;
  if (numColumns >= longRow) return length === 1 || length === 2 ? longRows(weight, indices, out) : null;
  if (length === 0 || length * numColumns >= checkedFloats) return null;
  return out === undefined ? plainRowsOf(weight, indices) : plainRowsInto(weight, indices, out);
}

function rowsOf({ numRows, numColumns, data }: Parameter, indices: Uint32Array): Float32Array | null {
  const result = new Float32Array(indices.length * numColumns);
  for (let i = 0, to = 0; i < indices.length; i++) {
    const row = indices[i];
    if (!(row < numRows)) return null; // of a subclass whose length lies it is undefined
    for (let from = row * numColumns, end = from + numColumns; from < end; ) result[to++] = data[from++];
  }
  return result;
}

function rowsInto(
  { numRows, numColumns, data }: Parameter,
  indices: Uint32Array,
  out: Float32Array,
): Float32Array | null {
  if (!(out instanceof Float32Array) || out.length !== indices.length * numColumns) return null;
  for (let i = 0; i < indices.length; i++) if (!(indices[i] < numRows)) return null;
  for (let i = 0, to = 0; i < indices.length; i++) {
    for (let from = indices[i] * numColumns, end = from + numColumns; from < end; ) out[to++] = data[from++];
  }
  return out;
}

function plainRowsOf(weight: Parameter, indices: NestedIndices): Float32Array | null {
  const { numRows, numColumns, data } = weight;
  const numIndices = indices.length;
  const result = new Float32Array(numIndices * numColumns);
  for (let i = 0, to = 0; i < numIndices; i++) {
    const row: unknown = indices[i];
    if (typeof row !== "number" || row >>> 0 !== row || row >= numRows) return null;
    for (let from = row * numColumns, end = from + numColumns; from < end; ) result[to++] = data[from++];
  }
  return weight.data === data ? result : null; // unless an element was a getter that moved the table
}

function plainRowsInto(weight: Parameter, indices: NestedIndices, out: Float32Array): Float32Array | null {
  const { numRows, numColumns } = weight;
  const numIndices = indices.length;
  if (!(out instanceof Float32Array) || out.length !== numIndices * numColumns) return null;
  reads = (reads + 1) & 0xffffff;
  const read = reads;
  for (let i = 0; i < numIndices; i++) {
    const row: unknown = indices[i];
    if (typeof row !== "number" || row >>> 0 !== row || row >= numRows) return null;
    scratch[i] = row;
  }
  const { data } = weight;
  if (reads !== read || weight.numRows !== numRows) return null;
  for (let i = 0, to = 0; i < numIndices; i++) {
    for (let from = scratch[i] * numColumns, end = from + numColumns; from < end; ) out[to++] = data[from++];
  }
  return out;
}

/** One or two rows. */
function longRows(weight: Parameter, indices: Indices, out: Float32Array | undefined): Float32Array | null {
  const { numRows, numColumns } = weight;
  const numIndices = indices.length;
  const first: unknown = indices[0];
  const last: unknown = numIndices === 2 ? indices[1] : first;
  if (typeof first !== "number" || first >>> 0 !== first || first >= numRows) return null;
  if (typeof last !== "number" || last >>> 0 !== last || last >= numRows) return null;
  const { data } = weight;
  if (weight.numRows !== numRows) return null; // an element was a getter that resized it
  if (out !== undefined && !isApart(out, numIndices * numColumns, data, indices)) return null;
  const result = out ?? newFloats(numIndices * numColumns);
  result.set(data.subarray(first * numColumns, first * numColumns + numColumns));
  if (numIndices === 2) result.set(data.subarray(last * numColumns, last * numColumns + numColumns), numColumns);
  return result;
}

/** Whether so many floats may be written to `out`, and surely do not lie over what is read. */
function isApart(out: Float32Array, numFloats: number, data: Float32Array, indices: Indices): boolean {
  if (!(out instanceof Float32Array) || out.length !== numFloats) return false;
  if (numFloats < checkedFloats) return true;
  const { buffer } = out;
  return buffer !== data.buffer && (Array.isArray(indices) || buffer !== (indices as Uint32Array).buffer);
}
