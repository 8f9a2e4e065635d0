import { noFloats } from "../backend/backend.js";
import type { Parameter } from "../parameter.js";
import { newFloats, newIndices } from "../results.js";
import type { Work } from "../work.js";
import { chunkColumns } from "./chunks.js";
import type { Scratches } from "./scratch.js";

/** The greatest logits of each row, greatest first. */
export interface TopK {
  /** n x k rows of the table. */
  readonly indices: Uint32Array;
  /** n x k logits. */
  readonly values: Float32Array;
}

/** Hidden states at a time: with a chunk of the table's rows, 2 MiB of logits. */
const mostRows = 256;

/** The k greatest logits of each hidden state, made in chunks of the table's rows. */
export function* chunkedTopK(
  weight: Parameter,
  bias: Parameter | null,
  scratches: Scratches,
  hidden: Float32Array,
  k: number,
): Work<TopK> {
  const [numEmbeddings, dim] = weight.shape;
  const n = hidden.length / dim;
  const indices = newIndices(n * k);
  const values = newFloats(n * k);
  const rowsAtOnce = Math.min(n, mostRows);
  const scratch = scratches.take();
  try {
    const [states, logits] = scratch.take(rowsAtOnce * dim, rowsAtOnce * Math.min(chunkColumns, numEmbeddings));
    const table = weight.data;
    const biasData = bias?.data ?? noFloats;
    for (let top = 0; top < n; top += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, n - top);
      states.set(hidden.subarray(top * dim, (top + rows) * dim));
      for (let first = 0; first < numEmbeddings; first += chunkColumns) {
        const count = Math.min(chunkColumns, numEmbeddings - first);
        const rowsOfTable = table.subarray(first * dim, (first + count) * dim);
        const chunkBias = biasData.subarray(first, first + count);
        yield [["matmulNT", [states, rowsOfTable, rows, count, dim, false, logits]]];
        for (let i = 0; i < rows; i++) {
          addToTopK(logits, i * count, count, chunkBias, first, k, values, indices, (top + i) * k);
        }
      }
      for (let i = 0; i < rows; i++) finishTopK(k, values, indices, (top + i) * k);
    }
    return { indices, values };
  } finally {
    scratches.give(scratch);
  }
}

/** Lists longer than this are kept as heaps: an insertion moves half the list, a heap's a logarithm of it. */
const longestList = 64;

/**
 * Takes one more chunk of a row's scores, scores[start … start + count) (+ bias), whose first is the row's column `first`, into the greatest
 * so far: values and places [at … at + k). After the last chunk and {@link finishTopK} they stand greatest first; of equals the one met first.
 * NaN counts as greater than everything, as in `torch.topk`.
 *
 * Short lists are kept in order, longer ones as a heap with the least on top: for k far below the count nearly every score ends at its
 * first comparison.
 */
function addToTopK(
  scores: Float32Array,
  start: number,
  count: number,
  bias: Float32Array,
  first: number,
  k: number,
  values: Float32Array,
  places: Uint32Array,
  at: number,
): void {
  const hasBias = bias.length > 0;
  const isHeap = k > longestList;
  const last = isHeap ? at : at + k - 1;
  let kept = Math.min(first, k);
  let least = kept === k ? values[last] : Number.NaN; // nothing is <= NaN
  for (let j = 0; j < count; j++) {
    const score = hasBias ? Math.fround(scores[start + j] + bias[j]) : scores[start + j];
    if (score <= least || (kept === k && !greater(score, values[last]))) continue;
    if (isHeap) {
      if (kept < k) siftUp(values, places, at, kept++, score, first + j);
      else siftDown(values, places, at, k, score, first + j);
      if (kept === k) least = values[last];
      continue;
    }
    let slot = at + (kept < k ? kept++ : k - 1);
    for (; slot > at && greater(score, values[slot - 1]); slot--) {
      values[slot] = values[slot - 1];
      places[slot] = places[slot - 1];
    }
    values[slot] = score;
    places[slot] = first + j;
    if (kept === k) least = values[last];
  }
}

/** Puts a row's k greatest in order, once all k are there. */
function finishTopK(k: number, values: Float32Array, places: Uint32Array, at: number): void {
  if (k <= longestList) return;
  // The least goes behind the rest, one after the other: a heap sort.
  for (let kept = k - 1; kept > 0; kept--) {
    const value = values[at + kept];
    const place = places[at + kept];
    values[at + kept] = values[at];
    places[at + kept] = places[at];
    siftDown(values, places, at, kept, value, place);
  }
}

/** Adds one to a heap of `kept`. */
function siftUp(
  values: Float32Array,
  places: Uint32Array,
  at: number,
  kept: number,
  value: number,
  place: number,
): void {
  let slot = kept;
  while (slot > 0) {
    const above = (slot - 1) >> 1;
    if (!before(values[at + above], places[at + above], value, place)) break;
    values[at + slot] = values[at + above];
    places[at + slot] = places[at + above];
    slot = above;
  }
  values[at + slot] = value;
  places[at + slot] = place;
}

/** Replaces the top of a heap of `kept`. */
function siftDown(
  values: Float32Array,
  places: Uint32Array,
  at: number,
  kept: number,
  value: number,
  place: number,
): void {
  let slot = 0;
  for (;;) {
    let below = 2 * slot + 1;
    if (below >= kept) break;
    const right = below + 1;
    if (right < kept && before(values[at + below], places[at + below], values[at + right], places[at + right]))
      below = right;
    if (!before(value, place, values[at + below], places[at + below])) break;
    values[at + slot] = values[at + below];
    places[at + slot] = places[at + below];
    slot = below;
  }
  values[at + slot] = value;
  places[at + slot] = place;
}

/** Whether one score comes before another: it is greater, or equal and met first. */
function before(a: number, placeOfA: number, b: number, placeOfB: number): boolean {
  return greater(a, b) || (!greater(b, a) && placeOfA < placeOfB);
}

function greater(a: number, b: number): boolean {
  return a > b || (Number.isNaN(a) && !Number.isNaN(b));
}
