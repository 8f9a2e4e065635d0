import { describe, expect, test } from "vitest";
import { Embedding } from "../src/layers/embedding.js";
import { Linear } from "../src/layers/linear.js";
import { matmul } from "../src/layers/matmul.js";
import { oneHot } from "../src/layers/oneHot.js";
import { Unembedding } from "../src/layers/unembedding.js";
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

  test("one-hot rows times the table are the lookup, bit for bit", () => {
    using layer = new Embedding(70, 33, { backend, generator: new Generator(5) });
    const indices = Uint32Array.from({ length: 90 }, (_, i) => (i * 31) % 70);
    const product = matmul(oneHot(indices, 70), layer.weight.data, { m: 90, n: 33, k: 70, backend });
    expectSameBits(product, layer.forward(indices), "product");
  });

  test.each([
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])("matmul, transposeA: %s, transposeB: %s", (transposeA, transposeB) => {
    const [m, n, k] = [2, 3, 2];
    const a = transposeA ? [1, 3, 2, 4] : [1, 2, 3, 4];
    const b = transposeB ? [5, 8, 6, 9, 7, 10] : [5, 6, 7, 8, 9, 10];
    const out = new Float32Array(6);
    const options = { m, n, k, transposeA, transposeB, backend, out };
    expect(matmul(Float32Array.from(a), Float32Array.from(b), options)).toBe(out);
    expect(out).toEqual(Float32Array.of(21, 24, 27, 47, 54, 61));
  });

  describe("Linear", () => {
    test("forward is x weight^T + bias, backward the three gradients", () => {
      using linear = new Linear(2, 3, { backend });
      linear.weight.data.set([1, 2, 3, 4, 5, 6]);
      linear.bias!.data.set([10, 20, 30]);
      const x = Float32Array.of(1, 1, 2, -1);
      expect(linear.forward(x)).toEqual(Float32Array.of(13, 27, 41, 10, 22, 34));
      expect(linear.backward(x, Float32Array.of(1, 0, -1, 2, 1, 0))).toEqual(Float32Array.of(-4, -4, 5, 8));
      expect(linear.weight.grad!.toDense()).toEqual(Float32Array.of(5, -1, 2, -1, -1, -1));
      expect(linear.bias!.grad!.toDense()).toEqual(Float32Array.of(3, 1, -1));
      expect([linear.weight.shape, linear.bias!.shape]).toEqual([
        [3, 2],
        [3, 1],
      ]);
    });

    test("no rows are no work, and a gradient of zeros", () => {
      using linear = new Linear(2, 3, { backend });
      expect(linear.forward(new Float32Array(0))).toHaveLength(0);
      expect(linear.backward(new Float32Array(0), new Float32Array(0))).toHaveLength(0);
      expect(linear.weight.grad!.toDense()).toEqual(new Float32Array(6));
    });
  });

  describe("Unembedding", () => {
    const tied = (values: number[], embeddingDim: number) =>
      Embedding.fromPretrained(Float32Array.from(values), { embeddingDim, freeze: false, backend });

    test("topK: greatest first, of equals the lower row, NaN above everything", () => {
      using tokens = tied([1, 3, Number.NaN, 3, -1, Number.NaN, Number.POSITIVE_INFINITY], 1);
      const { indices, values } = new Unembedding(tokens.weight).topK(Float32Array.of(1, -1), 7);
      expect([...indices]).toEqual([2, 5, 6, 1, 3, 0, 4, 2, 5, 4, 0, 1, 3, 6]);
      expect([...values.subarray(0, 7)]).toEqual([Number.NaN, Number.NaN, Number.POSITIVE_INFINITY, 3, 3, 1, -1]);
    });

    test("topK is what sorting the logits gives", () => {
      const random = new Random(6);
      using tokens = Embedding.fromPretrained(filled(random, 200 * 3).map(Math.round), { embeddingDim: 3, backend });
      const head = new Unembedding(tokens.weight);
      const hidden = filled(random, 5 * 3).map(Math.round); // small integers: many ties
      const logits = head.forward(hidden);
      const { indices } = head.topK(hidden, 20);
      for (let i = 0; i < 5; i++) {
        const row = [...logits.subarray(i * 200, (i + 1) * 200)];
        const sorted = row.map((_, j) => j).sort((x, y) => row[y] - row[x] || x - y);
        expect([...indices.subarray(i * 20, (i + 1) * 20)]).toEqual(sorted.slice(0, 20));
      }
    });

    test("loss: ignored rows count for nothing, and their gradient is zero", () => {
      using tokens = tied([0.5, -1, 0.25, 2, 1, 1], 2);
      const head = new Unembedding(tokens.weight, { bias: true });
      const hidden = Float32Array.of(1, 2, 100, -3, -1, 0.5);
      const some = head.loss(hidden, [2, -100, 0]);
      const [weightGrad, biasGrad] = [tokens.weight.grad!.toDense(), head.bias!.grad!.toDense()];
      tokens.weight.zeroGrad();
      head.bias!.zeroGrad();
      const others = head.loss(Float32Array.of(1, 2, -1, 0.5), [2, 0]);
      expect(some.loss).toBe(others.loss);
      expect([...some.gradHidden!]).toEqual([
        ...others.gradHidden!.subarray(0, 2),
        0,
        0,
        ...others.gradHidden!.subarray(2),
      ]);
      expect(tokens.weight.grad!.toDense()).toEqual(weightGrad);
      expect(head.bias!.grad!.toDense()).toEqual(biasGrad);
      expect(head.loss(hidden, [2, 7, 0], { ignoreIndex: 7, gradients: false })).toEqual({
        loss: some.loss,
        gradHidden: null,
      });
      expect(head.loss(hidden, BigInt64Array.of(2n, -100n, 0n), { gradients: false }).loss).toBe(some.loss);
      head.dispose();
    });

    test("loss: the sum is the mean times the rows that count, and no row at all has the mean NaN", () => {
      using tokens = tied([0, 0, 0, 0], 1);
      const head = new Unembedding(tokens.weight);
      const hidden = Float32Array.of(1, 2, 3);
      expect(head.loss(hidden, [0, 1, -100], { reduction: "sum" }).loss).toBeCloseTo(2 * Math.log(4), 6);
      expect(head.loss(hidden, [0, 1, -100], { reduction: "mean" }).loss).toBeCloseTo(Math.log(4), 6);
      expect(head.loss(hidden, [-100, -100, -100]).loss).toBeNaN();
      expect(head.loss(hidden, [-100, -100, -100], { reduction: "sum" }).loss).toBe(0);
    });

    test("loss: its gradient is the slope of the loss", () => {
      const random = new Random(8);
      using tokens = Embedding.fromPretrained(filled(random, 9 * 4), { embeddingDim: 4, freeze: false, backend });
      const head = new Unembedding(tokens.weight);
      const hidden = filled(random, 3 * 4);
      const targets = [8, 0, 4];
      const { gradHidden } = head.loss(hidden, targets);
      const grad = tokens.weight.grad!.toDense();
      const slope = (values: Float32Array, at: number) => {
        const [value, step] = [values[at], 1 / 128];
        const losses = [value + step, value - step].map((moved) => {
          values[at] = moved;
          return head.loss(hidden, targets, { gradients: false }).loss;
        });
        values[at] = value;
        return (losses[0] - losses[1]) / (2 * step);
      };
      for (let at = 0; at < 12; at++) expect(gradHidden![at]).toBeCloseTo(slope(hidden, at), 3);
      for (let at = 0; at < 36; at++) expect(grad[at]).toBeCloseTo(slope(tokens.weight.data, at), 3);
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
