import { noPadding } from "../../src/backend/backend.js";
import { type Filling, filled, type Random } from "./cases.js";

/** Rows of the table of every case. */
export const numEmbeddings = 37;

/** Bags over a table: what the kernels of bags have in common. */
export interface BagCase {
  readonly what: string;
  readonly indices: Uint32Array;
  /** One a bag and the end of the last; indices may lie before the first and behind the last. */
  readonly offsets: Uint32Array;
  readonly numBags: number;
  readonly paddingIdx: number;
}

/** Bags of the sizes that an implementation may treat apart, with and without padding. */
export function bagCases(random: Random): BagCase[] {
  const bagged = (what: string, sizes: readonly number[], before = 0, behind = 0, rows = numEmbeddings): BagCase[] => {
    const offsets = new Uint32Array(sizes.length + 1).fill(before);
    sizes.forEach((size, b) => {
      offsets[b + 1] = offsets[b] + size;
    });
    const length = offsets[sizes.length] + behind;
    const indices = Uint32Array.from({ length }, () => random.below(rows));
    const paddings = [noPadding, indices[random.below(Math.max(length, 1))] ?? 0];
    return paddings.map((paddingIdx) => ({
      what: `${what}, padding ${paddingIdx}`,
      indices,
      offsets,
      numBags: sizes.length,
      paddingIdx,
    }));
  };
  return [
    ...bagged("no bag", []),
    ...bagged("no bag, but indices", [], 2, 1),
    ...bagged("one empty bag", [0]),
    ...bagged("one row a bag", [1, 1, 1, 1, 1]),
    ...bagged("few rows, many equal", [3, 0, 5, 2, 0], 0, 0, 3),
    ...bagged("one row only", [4, 1, 9], 0, 0, 1),
    ...bagged("indices in no bag", [2, 7, 1], 3, 4),
    ...bagged("any sizes", [17, 0, 1, 64, 3, 40]),
  ];
}

/** Values for it: the table, a float a bag's column, a float an index. */
export function valuesFor({ indices, numBags }: BagCase, random: Random, dim: number, filling: Filling) {
  return {
    weight: filled(random, numEmbeddings * dim, filling),
    bagRows: filled(random, numBags * dim, filling),
    weights: filled(random, indices.length, filling),
  };
}
