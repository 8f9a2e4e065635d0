/**
 * Draws i with a probability proportional to weights[i], at one 32-bit integer and one line of memory each: the alias method (Walker 1977,
 * Vose 1991). The table is built from + - * / alone and read with integers, so every engine draws the same.
 */
export class AliasTable {
  readonly #size: number;
  /** For each bucket, side by side: below which of 2^31 a draw is the bucket's own, and whose it is otherwise. */
  readonly #buckets: Int32Array;

  /** @param weights finite, >= 0 and not all 0; fewer than 2^30. A weight of 0 is never drawn. */
  constructor(weights: Float64Array) {
    const size = weights.length;
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const shares = weights.map((weight) => (weight / total) * size);
    const buckets = new Int32Array(2 * size);
    const small: number[] = [];
    const large: number[] = [];
    for (let i = size - 1; i >= 0; i--) (shares[i] < 1 ? small : large).push(i);
    while (small.length > 0 && large.length > 0) {
      const poor = small.pop()!;
      const rich = large[large.length - 1];
      buckets[2 * poor] = Math.floor(shares[poor] * 2 ** 31);
      buckets[2 * poor + 1] = rich;
      shares[rich] -= 1 - shares[poor];
      if (shares[rich] < 1) small.push(large.pop()!);
    }
    // What is left has a share of 1, but for what rounding did: a bucket of its own, unless its weight is 0.
    const heaviest = weights.indexOf(Math.max(...[...large, ...small].map((i) => weights[i]), 0));
    for (const i of [...large, ...small]) buckets[2 * i + 1] = weights[i] > 0 ? i : heaviest;
    this.#size = size;
    this.#buckets = buckets;
  }

  /** The index that any 32-bit integer draws. Without a branch, which would be mispredicted every other time. */
  pick(word: number): number {
    // word x size: the high half is the bucket, the low half where in the bucket.
    const bucket = Math.floor((word >>> 0) * this.#size * 2 ** -32);
    const fraction = Math.imul(word, this.#size) >>> 1;
    const other = this.#buckets[2 * bucket + 1];
    const own = (fraction - this.#buckets[2 * bucket]) >> 31; // all ones where the fraction is below
    return other ^ ((other ^ bucket) & own);
  }
}
