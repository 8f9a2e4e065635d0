import { expect, test } from "vitest";
import { Embedding, Unembedding } from "../src/index.js";
import { chunkColumns } from "../src/layers/chunks.js";
import { expectSameBits } from "./conformance/bits.js";
import { filled, Random } from "./conformance/cases.js";
import { onEveryImplementation } from "./conformance/implementations.js";

/** The places of all scores, the greatest first: NaN is greater than everything, of equals the first comes first. */
function ordered(scores: Float32Array): number[] {
  const rank = (i: number) => (Number.isNaN(scores[i]) ? Number.POSITIVE_INFINITY : scores[i]);
  return [...scores.keys()].sort((i, j) => {
    const byNaN = Number(Number.isNaN(scores[j])) - Number(Number.isNaN(scores[i]));
    return byNaN || (rank(j) > rank(i) ? 1 : rank(j) < rank(i) ? -1 : i - j);
  });
}

onEveryImplementation(({ name: backend }) => {
  test.each([5, 130, chunkColumns + 1, 2 * chunkColumns + 300])(
    "topK of %i: what sorting all logits gives, bit for bit, with NaN, infinities and many equals",
    (numEmbeddings) => {
      const random = new Random(numEmbeddings);
      const dim = 3;
      const values = filled(random, numEmbeddings * dim);
      for (let i = 0; i < numEmbeddings; i++) {
        const kind = random.below(12);
        if (kind < 6) values.fill(kind - 3, i * dim, (i + 1) * dim); // equals, and +0 beside -0
        if (kind === 6) values[i * dim] = random.of([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
      }
      using table = Embedding.fromPretrained(values, { embeddingDim: dim, backend });
      const hidden = filled(random, 4 * dim);
      hidden.set([1, -1, 0], 0);
      hidden.fill(0, 3, 6);
      for (const bias of [false, true]) {
        using head = new Unembedding(table.weight, { bias });
        head.bias?.data.set(filled(random, numEmbeddings).map(Math.round));
        const logits = head.forward(hidden);
        const rows = [0, 1, 2, 3].map((i) => logits.subarray(i * numEmbeddings, (i + 1) * numEmbeddings));
        const orders = rows.map(ordered);
        for (const k of [1, 2, 5, 64, 65, 100, 130, 2048, 3000, numEmbeddings]) {
          if (k > numEmbeddings) continue;
          const best = head.topK(hidden, k);
          for (let i = 0; i < 4; i++) {
            const expected = orders[i].slice(0, k);
            expect([...best.indices.subarray(i * k, (i + 1) * k)], `k = ${k}`).toEqual(expected);
            const greatest = Float32Array.from(expected, (place) => rows[i][place]);
            expectSameBits(best.values.slice(i * k, (i + 1) * k), greatest, `k = ${k}`);
          }
        }
      }
    },
  );

  test("topK of more rows than are walked at once: each row's own", () => {
    const random = new Random(1);
    const [numEmbeddings, dim, n] = [2500, 4, 600];
    using table = Embedding.fromPretrained(filled(random, numEmbeddings * dim), { embeddingDim: dim, backend });
    using head = new Unembedding(table.weight);
    const hidden = filled(random, n * dim);
    const all = head.topK(hidden, 4);
    for (const i of [0, 255, 256, 511, 599]) {
      const one = head.topK(hidden.slice(i * dim, (i + 1) * dim), 4);
      expect(one.indices).toEqual(all.indices.slice(i * 4, i * 4 + 4));
      expectSameBits(one.values, all.values.slice(i * 4, i * 4 + 4), "values");
    }
    expect(head.topK(new Float32Array(0), 3)).toEqual({ indices: new Uint32Array(0), values: new Float32Array(0) });
  });
});
