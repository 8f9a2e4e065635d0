import { expect, test } from "vitest";
import { coalesce } from "../src/coalesce.js";
import { Random } from "./conformance/cases.js";

/** The same by sets and lists. */
function naive(indices: Uint32Array, paddingIdx: number) {
  const rows = [...new Set(indices)].filter((row) => row !== paddingIdx).sort((a, b) => a - b);
  const placeOf = new Map(rows.map((row, place) => [row, place]));
  return { rows, places: Array.from(indices, (row) => placeOf.get(row) ?? rows.length) };
}

const none = 0xffffffff;

const draws: Record<string, (random: Random, i: number) => number> = {
  "any rows": (random) => random.uint32() >>> 1,
  "the first and the last row there can be": (random) => random.below(2) * 0x7ffffffe,
  "rows of a large table, some of them often": (random) => random.below(random.below(4) === 0 ? 50 : 1_000_000),
  "rows of a table about as long as the list": (random) => random.below(2048),
  "few rows": (random) => random.below(9),
  "one row": () => 40,
  neighbors: (_, i) => 1000 + (i >> 1),
  "neighbors, descending": (_, i) => 10_000 - i,
  "multiples of 2^20": (random) => random.below(64) << 20,
  "multiples of 32": (random) => random.below(64) << 5,
};

// Lists of any length, so that rows are marked in a map or sorted, by the engine or by their bits.
test.each(Object.entries(draws))("%s: each once and ascending, and where each index went", (_, draw) => {
  const random = new Random(1);
  for (const length of [0, 1, 2, 3, 7, 31, 32, 33, 100, 511, 512, 513, 3000]) {
    const indices = Uint32Array.from({ length }, (_, i) => draw(random, i));
    for (const paddingIdx of [none, indices[length >> 1] ?? 0, 5]) {
      const before = indices.slice();
      const found = coalesce(indices, paddingIdx);
      const expected = naive(indices, paddingIdx);
      const what = `${length} indices, padding ${paddingIdx}`;
      expect(found.rows.join(), what).toBe(expected.rows.join());
      expect(found.places.join(), what).toBe(expected.places.join());
      expect(indices.join(), what).toBe(before.join());
    }
  }
});
