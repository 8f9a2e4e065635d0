/**
 * Writes the k greatest of scores[start … start + count) and their places, greatest first; of equals the one met first. NaN counts as
 * greater than everything, as in `torch.topk`.
 *
 * Insertion into a short ordered list: for k far below the count nearly every score ends at its first comparison.
 */
export function topKRow(
  scores: Float32Array,
  start: number,
  count: number,
  k: number,
  values: Float32Array,
  places: Uint32Array,
  at: number,
): void {
  let kept = 0;
  for (let j = 0; j < count; j++) {
    const score = scores[start + j];
    if (kept === k && !greater(score, values[at + k - 1])) continue;
    let slot = at + (kept < k ? kept++ : k - 1);
    for (; slot > at && greater(score, values[slot - 1]); slot--) {
      values[slot] = values[slot - 1];
      places[slot] = places[slot - 1];
    }
    values[slot] = score;
    places[slot] = j;
  }
}

function greater(a: number, b: number): boolean {
  return a > b || (Number.isNaN(a) && !Number.isNaN(b));
}
