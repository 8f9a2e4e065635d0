const f = Math.fround;

/**
 * The specification of `keepGreatest`: the k greatest logits of each row so far, as a heap with the least on top, so that nearly every logit
 * ends at one comparison. See {@link Kernels.keepGreatest}.
 */
export function keepGreatest(
  values: Float32Array,
  places: Uint32Array,
  k: number,
  first: number,
  isLast: boolean,
  logits: Float32Array,
  numRows: number,
  numColumns: number,
  bias: Float32Array,
): void {
  const hasBias = bias.length > 0;
  const taken = Math.min(Math.max(k - first, 0), numColumns); // until there are k of them they stand as they come
  const isFull = first + taken >= k;
  for (let i = 0; i < numRows; i++) {
    const at = i * k;
    const start = i * numColumns;
    for (let j = 0; j < taken; j++) {
      values[at + first + j] = hasBias ? f(logits[start + j] + bias[j]) : logits[start + j];
      places[at + first + j] = first + j;
    }
    if (!isFull || k === 0) continue;
    for (let slot = taken > 0 ? k >> 1 : 0; slot-- > 0; ) {
      sift(values, places, at, k, slot, values[at + slot], places[at + slot]);
    }
    let least = values[at];
    for (let j = taken; j < numColumns; j++) {
      const logit = hasBias ? f(logits[start + j] + bias[j]) : logits[start + j];
      if (logit <= least || !isGreater(logit, least)) continue;
      sift(values, places, at, k, 0, logit, first + j);
      least = values[at];
    }
    // The least goes behind the rest, one after the other.
    for (let kept = isLast ? k : 0; kept-- > 1; ) {
      const value = values[at + kept];
      const place = places[at + kept];
      values[at + kept] = values[at];
      places[at + kept] = places[at];
      sift(values, places, at, kept, 0, value, place);
    }
  }
}

/** Puts one into a heap of `kept` at a slot that is free, or further down where a lesser one is. */
function sift(
  values: Float32Array,
  places: Uint32Array,
  at: number,
  kept: number,
  slot: number,
  value: number,
  place: number,
): void {
  for (let below = 2 * slot + 1; below < kept; below = 2 * slot + 1) {
    const [left, right] = [at + below, at + below + 1];
    if (below + 1 < kept && isBefore(values[left], places[left], values[right], places[right])) below++;
    if (!isBefore(value, place, values[at + below], places[at + below])) break;
    values[at + slot] = values[at + below];
    places[at + slot] = places[at + below];
    slot = below;
  }
  values[at + slot] = value;
  places[at + slot] = place;
}

/** Whether one logit comes before another: it is greater, or equal and met first. */
function isBefore(a: number, placeOfA: number, b: number, placeOfB: number): boolean {
  return isGreater(a, b) || (!isGreater(b, a) && placeOfA < placeOfB);
}

function isGreater(a: number, b: number): boolean {
  return a > b || (Number.isNaN(a) && !Number.isNaN(b));
}
