import { noPadding } from "../backend/backend.js";
import { firstOutside } from "../backend/js/firstOutside.js";
import { coalesce } from "../coalesce.js";
import { powerOf, rootOf } from "../norm.js";
import type { Parameter } from "../parameter.js";

/** What keeps PyTorch from dividing by zero: it makes every shortened row a hair shorter than asked. */
const hair = 1e-7;

/**
 * Shortens those of the rows whose p-norm, p = normType, is above maxNorm to maxNorm, in place, each once: `torch.embedding_renorm_`.
 * Rows that may not move (`trainableRows`) stay as they are.
 *
 * A row's norm is taken in doubles, column by column, and rounded to a float; the row is multiplied by
 * maxNorm / (norm + 1e-7), rounded to a float. All of it happens in JavaScript on every backend, so the bits are the same.
 *
 * @param rows Rows of the table, in any order and as often as you like.
 * @returns How many of the rows are in the table: fewer than rows.length is the position of the first that is not, and then nothing moved.
 * @throws Error [ERR_IN_USE] when a row is to move and a call in flight reads the table; nothing moved then.
 */
export function renormRows(weight: Parameter, rows: Uint32Array, maxNorm: number, normType: number): number {
  const [numRows, numColumns] = weight.shape;
  const done = firstOutside(rows, rows.length, numRows);
  if (done < rows.length) return done;
  const { data } = weight;
  for (const row of coalesce(rows, noPadding).rows) {
    if (!weight.isTrainable(row)) continue;
    const start = row * numColumns;
    const norm = Math.fround(normOf(data, start, start + numColumns, normType));
    if (!(norm > maxNorm)) continue; // NaN is not
    weight.inFlight.check();
    const scale = Math.fround(maxNorm / (norm + hair));
    for (let at = start; at < start + numColumns; at++) data[at] *= scale;
  }
  return done;
}

/** (Σ |x| ** p) ** (1 / p) of the floats from `start` up to `end`. */
function normOf(data: Float32Array, start: number, end: number, p: number): number {
  let sum = 0;
  if (p === 2) {
    for (let at = start; at < end; at++) sum += data[at] * data[at];
    return Math.sqrt(sum);
  }
  if (p === 1) {
    for (let at = start; at < end; at++) sum += Math.abs(data[at]);
    return sum;
  }
  let most = 0;
  for (let at = start; at < end; at++) most = Math.max(most, Math.abs(data[at])); // NaN if one is
  if (p === Number.POSITIVE_INFINITY || !(most > 0) || most === Number.POSITIVE_INFINITY) return most;
  // Of the greatest: no power is above 1, so nothing overflows, and their sum is at least 1.
  for (let at = start; at < end; at++) sum += powerOf(Math.abs(data[at]) / most, p);
  return most * rootOf(sum, p);
}
