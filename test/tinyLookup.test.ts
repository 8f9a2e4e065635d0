import { expect, test } from "vitest";
import type { Indices } from "../src/indices.js";
import { Embedding } from "../src/layers/embedding.js";
import { expectSameBits } from "./conformance/bits.js";
import { filled, Random } from "./conformance/cases.js";
import { onEveryImplementation } from "./conformance/implementations.js";
import { refusalOf } from "./refusals.js";

/** Lookups around the size at which they leave JavaScript: each is what the rows of the table are, and what it refuses changes nothing. */
onEveryImplementation(({ name: backend }) => {
  const make = (dim: number, numEmbeddings = 50) =>
    Embedding.fromPretrained(filled(new Random(dim), numEmbeddings * dim), { embeddingDim: dim, backend });

  const kinds: [string, (rows: number[]) => Indices][] = [
    ["a plain array", (rows) => rows],
    ["an array of doubles", (rows) => rows.map((row) => row + 0.5).map((row) => row - 0.5)],
    ["a nested array", (rows) => [rows]],
    ["a Uint32Array", (rows) => Uint32Array.from(rows)],
    ["an Int32Array", (rows) => Int32Array.from(rows)],
    ["a BigInt64Array", (rows) => BigInt64Array.from(rows, BigInt)],
  ];

  test.each(kinds)("%s of 0 to 70 indices, rows of 1 to 70 floats", (_, of) => {
    const random = new Random(3);
    for (const dim of [1, 2, 3, 16, 31, 32, 33, 63, 64, 65, 70]) {
      using layer = make(dim);
      for (const count of [0, 1, 2, 3, 4, 5, 20, 21, 22, 32, 63, 64, 65, 70]) {
        const rows = Array.from({ length: count }, () => random.below(50));
        const expected = Float32Array.from(
          rows.flatMap((row) => [...layer.weight.data.subarray(row * dim, (row + 1) * dim)]),
        );
        expectSameBits(layer.forward(of(rows)), expected, `${count} x ${dim}`);
        const out = new Float32Array(count * dim).fill(7);
        expect(layer.forward(of(rows), out)).toBe(out);
        expectSameBits(out, expected, `${count} x ${dim}, out`);
      }
    }
  });

  test.each(kinds)("%s with a row that is not there: nothing is written", (_, of) => {
    for (const [dim, count] of [
      ...[3, 31, 64].flatMap((dim) => [1, 2, 3].map((count) => [dim, count] as const)),
      [3, 30] as const,
    ]) {
      using layer = make(dim);
      for (let at = 0; at < count; at++) {
        const indices = of(Array.from({ length: count }, (_, i) => (i === at ? 50 : i)));
        const out = new Float32Array(count * dim).fill(7);
        for (const each of [undefined, out]) {
          expect(refusalOf(() => layer.forward(indices, each))).toMatch(
            /^RangeError \[ERR_INDEX_OUT_OF_RANGE\]: indices(\[0\])?\[\d+\] is 50n?, expected an integer in \[0, 50\)$/,
          );
        }
        expect(out.every((value) => value === 7)).toBe(true);
      }
    }
  });

  test("out of another length, of another kind, or none at all", () => {
    for (const dim of [3, 64]) {
      using layer = make(dim);
      for (const indices of [[1], [1, 2], Uint32Array.of(1), Uint32Array.of(1, 2)]) {
        const length = indices.length * dim;
        for (const wrong of [length - 1, length + 1]) {
          const refusal = refusalOf(() => layer.forward(indices, new Float32Array(wrong)));
          expect(refusal).toContain(`out.length is ${wrong}, expected ${length} = numIndices x embeddingDim`);
        }
        const refusal = refusalOf(() => layer.forward(indices, new Float64Array(length) as unknown as Float32Array));
        expect(refusal).toContain("expected a Float32Array");
        expect(refusalOf(() => layer.forward(indices, null as unknown as Float32Array))).toContain("out is null");
      }
    }
  });

  test("one or two long rows may not be written over the table, nor over their indices", () => {
    using layer = make(64);
    const { data } = layer.weight;
    const before = data.slice();
    for (const indices of [[1], [1, 2], Uint32Array.of(1), Uint32Array.of(1, 2)]) {
      const out = data.subarray(32, 32 + indices.length * 64);
      expect(refusalOf(() => layer.forward(indices, out))).toContain("out is part of weight's memory");
    }
    expectSameBits(data, before, "table");
    const out = new Float32Array(64);
    const inside = new Uint32Array(out.buffer, 8, 1);
    expect(refusalOf(() => layer.forward(inside, out))).toContain("out is part of indices's memory");
    // Side by side in one buffer is well.
    const both = new ArrayBuffer(4 * 65);
    const beside = new Uint32Array(both, 0, 1).fill(3);
    expectSameBits(layer.forward(beside, new Float32Array(both, 4, 64)), layer.forward([3]), "row");
  });

  test("nor may 64 floats of short rows", () => {
    using layer = make(16);
    const { data } = layer.weight;
    const before = data.slice();
    for (const indices of [[1, 2, 3, 4], Uint32Array.of(1, 2, 3, 4)]) {
      const refusal = refusalOf(() => layer.forward(indices, data.subarray(0, 64)));
      expect(refusal).toContain("out is part of weight's memory");
    }
    expectSameBits(data, before, "table");
  });

  /** [1, …, 1] with a getter as its last element, which does something first. */
  const withGetter = (count: number, act: () => void): number[] => {
    const indices = new Array(count).fill(1);
    const get = () => {
      act();
      return 2;
    };
    return Object.defineProperty(indices, count - 1, { get });
  };
  const sizes = [
    [3, 1],
    [3, 4],
    [64, 1],
    [64, 2],
  ] as const;

  test.each(sizes)("rows of %i, %i indices: a getter that looks something up itself", (dim, count) => {
    using layer = make(dim);
    const expected = layer.forward([...new Array(count - 1).fill(1), 2]);
    for (const out of [undefined, new Float32Array(count * dim)]) {
      const indices = withGetter(count, () => {
        layer.forward(new Array(count).fill(9), out && new Float32Array(count * dim));
      });
      expectSameBits(layer.forward(indices, out), expected, "rows");
    }
  });

  test.each(sizes)("rows of %i, %i indices: a getter that throws, and then another call", (dim, count) => {
    using layer = make(dim);
    for (const out of [undefined, new Float32Array(count * dim)]) {
      const indices = withGetter(count, () => {
        throw new Error("not now");
      });
      expect(() => layer.forward(indices, out)).toThrow("not now");
      expectSameBits(
        layer.forward(new Array(count).fill(4), out),
        layer.forward(new Uint32Array(count).fill(4)),
        "rows",
      );
    }
  });

  test.each(sizes)("rows of %i, %i indices: a getter that gives the table back, or resizes it", (dim, count) => {
    for (const out of [undefined, new Float32Array(count * dim).fill(7)]) {
      const disposed = make(dim);
      const gone = withGetter(count, () => disposed.dispose());
      expect(refusalOf(() => disposed.forward(gone, out))).toContain("ERR_DISPOSED");
      using resized = make(dim);
      const fewer = withGetter(count, () => {
        if (resized.numEmbeddings > 2) resized.resize(2);
      });
      expect(refusalOf(() => resized.forward(fewer, out))).toContain("is 2, expected an integer in [0, 2)");
      expect(out?.every((value) => value === 7) ?? true).toBe(true);
    }
  });

  test("a disposed table", () => {
    for (const dim of [3, 64]) {
      const layer = make(dim);
      layer.dispose();
      for (const indices of [[1], [1, 2], Uint32Array.of(1), Uint32Array.of(1, 2)]) {
        for (const out of [undefined, new Float32Array(indices.length * dim)]) {
          expect(refusalOf(() => layer.forward(indices, out))).toContain("ERR_DISPOSED");
        }
      }
    }
  });

  test("a table that WASM memory took along when it grew", () => {
    using layer = make(3);
    const expected = layer.forward([4, 2]);
    using other = new Embedding(100_000, 50, { backend });
    expectSameBits(layer.forward([4, 2]), expected, "rows");
    expect(other.numEmbeddings).toBe(100_000);
  });
});
