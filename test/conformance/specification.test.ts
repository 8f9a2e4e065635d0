import { describe, expect, test } from "vitest";
import { specification } from "../../src/cli/kernels.js";
import { expectSameBits } from "./bits.js";
import { filled, fillings, Random } from "./cases.js";

/**
 * Every implementation is compared with src/backend/js, so that itself is compared here with the law as ARCHITECTURE.md states it,
 * written down as literally as can be.
 */
const f = Math.fround;

/** 8 lanes from +0, lane p & 7 taking the products of p in order; then s_i + s_(i+4), and of these (t0 + t2) + (t1 + t3). */
function lawOfDot(a: number[], b: number[]): number {
  const s = [0, 0, 0, 0, 0, 0, 0, 0];
  a.forEach((x, p) => {
    s[p & 7] = f(s[p & 7] + f(x * b[p]));
  });
  const t = [0, 1, 2, 3].map((i) => f(s[i] + s[i + 4]));
  return f(f(t[0] + t[2]) + f(t[1] + t[3]));
}

/** Every 256 consecutive products in order from +0, and these sums in order onto what was there. */
function lawOfBlocks(a: number[], b: number[], start: number): number {
  let total = start;
  for (let from = 0; from < a.length; from += 256) {
    let sum = 0;
    for (let p = from; p < Math.min(from + 256, a.length); p++) sum = f(sum + f(a[p] * b[p]));
    total = f(total + sum);
  }
  return total;
}

const sizes = [
  [1, 1, 0],
  [2, 3, 1],
  [3, 2, 13],
  [2, 515, 5],
  [1, 2, 256],
  [2, 1, 257],
  [1, 3, 800],
];

describe.each(fillings)("the specification keeps the law, %s values", (filling) => {
  test.each(sizes)("%i x %i x %i", (m, n, k) => {
    const random = new Random(m + n + k);
    const a = filled(random, m * k, filling);
    const b = filled(random, k * n, filling);
    const before = filled(random, m * n, filling);
    const along = (length: number, at: (p: number) => number) => Array.from({ length }, (_, p) => at(p));
    const rowOfA = (i: number) => along(k, (p) => a[i * k + p]);
    const columnOfA = (i: number) => along(k, (p) => a[p * m + i]);
    const rowOfB = (j: number) => along(k, (p) => b[j * k + p]);
    const columnOfB = (j: number) => along(k, (p) => b[p * n + j]);
    for (const accumulate of [false, true]) {
      const each = (element: (i: number, j: number, start: number) => number) =>
        before.map((start, at) => element(Math.floor(at / n), at % n, accumulate ? start : 0));
      const laws = {
        matmulNN: each((i, j, start) => lawOfBlocks(rowOfA(i), columnOfB(j), start)),
        matmulTN: each((i, j, start) => lawOfBlocks(columnOfA(i), columnOfB(j), start)),
        matmulNT: each((i, j, start) => {
          const sum = lawOfDot(rowOfA(i), rowOfB(j));
          return accumulate ? f(start + sum) : sum;
        }),
      };
      for (const [name, expected] of Object.entries(laws)) {
        const out = before.slice();
        specification[name as keyof typeof laws](a, b, m, n, k, accumulate, out);
        expectSameBits(out, expected, `${name}, accumulate: ${accumulate}`);
      }
    }
  });

  test("gather copies rows; scatterAdd adds them in ascending order, each rounded", () => {
    const random = new Random(9);
    const table = filled(random, 5 * 3, filling);
    const indices = Uint32Array.of(4, 0, 4, 2, 4, 0);
    const out = new Float32Array(18);
    expect(specification.gather(table, 5, 3, indices, 6, out)).toBe(6);
    expectSameBits(
      out,
      Float32Array.from([...indices].flatMap((row) => [...table.subarray(row * 3, row * 3 + 3)])),
      "out",
    );

    const gradOut = filled(random, 18, filling);
    const grad = table.slice();
    expect(specification.scatterAdd(grad, 5, 3, indices, 6, 0, gradOut)).toBe(6);
    const expected = table.slice();
    indices.forEach((row, i) => {
      if (row !== 0) for (let j = 0; j < 3; j++) expected[row * 3 + j] = f(expected[row * 3 + j] + gradOut[i * 3 + j]);
    });
    expectSameBits(grad, expected, "grad");
  });
});
