import { describe, expect, test } from "vitest";
import { Embedding } from "../src/layers/embedding.js";
import { Generator, manualSeed } from "../src/random/generator.js";
import { expectSameBits } from "./conformance/bits.js";
import { filled, Random } from "./conformance/cases.js";
import { onEveryImplementation } from "./conformance/implementations.js";

const table = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);

/** 7 MB: more than WASM has at first, so that its memory grows. */
const large = filled(new Random(9), 3000 * 600);

onEveryImplementation(({ name: backend }) => {
  describe("initial values", () => {
    test("a seed gives the same table on every backend, and one layer's draws follow another's", () => {
      const drawn = ["js", backend].map((each) => {
        manualSeed(7);
        using first = new Embedding(30, 20, { backend: each });
        using second = new Embedding(2, 3, { backend: each });
        return Float32Array.of(...first.weight.data, ...second.weight.data);
      });
      expectSameBits(drawn[1], drawn[0], "tables");
    });

    test("a generator of one's own leaves the default one alone", () => {
      manualSeed(1);
      using expected = new Embedding(4, 5, { backend });
      manualSeed(1);
      using other = new Embedding(4, 5, { backend, generator: new Generator(2) });
      using after = new Embedding(4, 5, { backend });
      expect(after.weight.data.slice()).toEqual(expected.weight.data.slice());
      expect(other.weight.data.slice()).not.toEqual(expected.weight.data.slice());
    });

    test("the padding row is drawn, then cleared: the rows behind it do not depend on it", () => {
      const make = (options: object) => new Embedding(6, 5, { backend, generator: new Generator(3), ...options });
      using plain = make({});
      using padded = make({ paddingIdx: 2 });
      using counted = make({ paddingIdx: -4 });
      const expected = plain.weight.data.slice().fill(0, 10, 15);
      expectSameBits(padded.weight.data, expected, "paddingIdx 2");
      expectSameBits(counted.weight.data, expected, "paddingIdx -4");
      expect([plain.paddingIdx, padded.paddingIdx, counted.paddingIdx]).toEqual([null, 2, 2]);
    });
  });

  describe("fromPretrained", () => {
    test("is frozen unless told otherwise", () => {
      using frozen = Embedding.fromPretrained(table, { embeddingDim: 2, backend });
      using free = Embedding.fromPretrained(table, { embeddingDim: 2, backend, freeze: false });
      for (const layer of [frozen, free]) layer.backward([1], Float32Array.of(1, 1));
      expect([frozen.weight.requiresGrad, frozen.weight.grad]).toEqual([false, null]);
      expect(free.weight.grad!.toDense()).toEqual(Float32Array.of(0, 0, 1, 1, 0, 0, 0, 0));
      expect([free.numEmbeddings, free.embeddingDim, free.weight.shape]).toEqual([4, 2, [4, 2]]);
    });

    test("copies: neither table sees what is done to the other", () => {
      const mine = table.slice();
      using layer = Embedding.fromPretrained(mine, { embeddingDim: 2, backend });
      mine.fill(9);
      expect(layer.forward([0])).toEqual(Float32Array.of(1, 2));
      layer.weight.data[0] = -1;
      expect(mine[0]).toBe(9);
    });

    test("clears no padding row, as in PyTorch", () => {
      using layer = Embedding.fromPretrained(table, { embeddingDim: 2, backend, paddingIdx: 1 });
      expect(layer.forward([1])).toEqual(Float32Array.of(3, 4));
    });

    test("takes part of an array", () => {
      using layer = Embedding.fromPretrained(table.subarray(2, 6), { embeddingDim: 2, backend });
      expect(layer.forward([1, 0])).toEqual(Float32Array.of(5, 6, 3, 4));
    });

    test("takes another layer's table, in memory that moves while the copy is made", () => {
      using second = Embedding.fromPretrained(large, { embeddingDim: 600, backend });
      using third = Embedding.fromPretrained(second.weight.data, { embeddingDim: 600, backend });
      expectSameBits(third.weight.data, large, "copy of a copy");
      expectSameBits(second.weight.data, large, "copy");
    });
  });

  describe("forward", () => {
    test("indices may be nested, of any integer kind, and BigInt", () => {
      using layer = Embedding.fromPretrained(table, { embeddingDim: 2, backend });
      const expected = Float32Array.of(5, 6, 1, 2, 7, 8);
      expect(layer.forward([2, 0, 3])).toEqual(expected);
      expect(layer.forward([[2], [[0, 3]], []])).toEqual(expected);
      for (const kind of [Uint8Array, Uint8ClampedArray, Uint16Array, Uint32Array, Int8Array, Int16Array, Int32Array]) {
        expect(layer.forward(kind.of(2, 0, 3))).toEqual(expected);
      }
      for (const kind of [BigInt64Array, BigUint64Array]) expect(layer.forward(kind.of(2n, 0n, 3n))).toEqual(expected);
      expect(layer.forward(Int32Array.of(9, 2, 0, 3, 9).subarray(1, 4))).toEqual(expected);
      expect(layer.forward([])).toEqual(new Float32Array(0));
      expect(layer.forward(new Uint32Array(0))).toEqual(new Float32Array(0));
    });

    test("writes into the caller's memory and returns it; without it the result is the caller's to keep", () => {
      using layer = Embedding.fromPretrained(table, { embeddingDim: 2, backend });
      const out = new Float32Array(4);
      expect(layer.forward([3, 3], out)).toBe(out);
      const kept = layer.forward([3, 3]);
      layer.weight.data.fill(0);
      layer.forward([0, 1]);
      expect([kept, out]).toEqual([Float32Array.of(7, 8, 7, 8), Float32Array.of(7, 8, 7, 8)]);
    });

    test("two layers at once keep apart, also after more tables were made", () => {
      const random = new Random(1);
      const tables = Array.from({ length: 12 }, () => filled(random, 4_000 * 16, "special"));
      const layers = tables.map((each) => Embedding.fromPretrained(each, { embeddingDim: 16, backend }));
      const indices = Uint32Array.from({ length: 100 }, () => random.below(4_000));
      layers.forEach((layer, l) => {
        const rows = [...indices].flatMap((row) => [...tables[l].subarray(row * 16, row * 16 + 16)]);
        expectSameBits(layer.forward(indices), Float32Array.from(rows), `layer ${l}`);
        layer.dispose();
      });
    });

    test("an out that is a view of another layer's table", () => {
      using from = Embedding.fromPretrained(filled(new Random(4), 500 * 8), { embeddingDim: 8, backend });
      using to = new Embedding(100, 8, { backend });
      const indices = Uint32Array.from({ length: 100 }, (_, i) => i * 4);
      const expected = from.forward(indices);
      from.forward(indices, to.weight.data);
      expectSameBits(to.weight.data, expected, "table");
    });
  });

  describe("dispose", () => {
    test("using gives the memory back at the end of the block, twice is harmless", () => {
      let kept: Embedding;
      {
        using layer = new Embedding(3, 2, { backend });
        kept = layer;
        layer.dispose();
      }
      expect(() => kept.forward([0])).toThrow(expect.objectContaining({ code: "ERR_DISPOSED" }));
    });

    test("memory that is given back is used again", () => {
      const addresses = Array.from({ length: 50 }, () => {
        using layer = new Embedding(1000, 64, { backend });
        return layer.weight.data.byteOffset;
      });
      expect(new Set(addresses).size).toBe(1);
    });
  });
});
