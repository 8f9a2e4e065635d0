import type { Generator } from "../../../random/generator.js";

/**
 * How ids are drawn: every row as likely as any other, or the row of rank r with a chance of 1 / (r + 1), or at equal distances, each once.
 */
export type Ids = "uniform" | "zipf" | "spread";

/** In a word or two. */
export function describeIds(kind: Ids): string {
  return { uniform: "ids", zipf: "zipf ids", spread: "rows" }[kind];
}

/** `count` ids of a table of that many rows. The same generator state gives the same ids on every machine. */
export function drawIds(kind: Ids, rows: number, count: number, generator: Generator): Uint32Array {
  const ids = new Uint32Array(count);
  if (kind === "uniform") {
    for (let i = 0; i < count; i++) ids[i] = Math.floor(generator.float64() * rows);
    return ids;
  }
  if (kind === "spread") {
    for (let i = 0; i < count; i++) ids[i] = Math.floor((i * rows) / count);
    return ids;
  }
  const cumulative = zipfCumulative(rows);
  for (let i = 0; i < count; i++) ids[i] = firstAbove(cumulative, generator.float64() * cumulative[rows - 1]);
  return ids;
}

/**
 * The running sums of 1 / (row + 1): Zipf's law with exponent 1. The rank is the row, as word lists and tokenizers number their words
 * more or less by frequency, so that the frequent rows are neighbors.
 */
function zipfCumulative(rows: number): Float64Array {
  const cumulative = new Float64Array(rows);
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    sum += 1 / (row + 1);
    cumulative[row] = sum;
  }
  return cumulative;
}

/** The first position whose value is above the target, which is below the last value. */
function firstAbove(ascending: Float64Array, target: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle] > target) high = middle;
    else low = middle + 1;
  }
  return low;
}
