import { describe, expect, test } from "vitest";
import { Embedding, type EmbeddingOptions } from "../src/layers/embedding.js";
import { maskOf } from "../src/layers/trainableRows.js";
import { Unembedding } from "../src/layers/unembedding.js";
import { Adagrad } from "../src/optim/adagrad.js";
import { SGD } from "../src/optim/sgd.js";
import { Generator } from "../src/random/generator.js";
import { fillNormal } from "../src/random/normal.js";
import { expectSameBits } from "./conformance/bits.js";
import { filled, Random } from "./conformance/cases.js";
import { onEveryImplementation } from "./conformance/implementations.js";
import { any, refusalOf } from "./refusals.js";

const [numEmbeddings, dim] = [40, 24];
const weight = filled(new Random(1), numEmbeddings * dim);
/** Enough rows to reach the kernels of every backend. */
const indices = Uint32Array.from({ length: 100 }, (_, i) => (i * 7) % 31);
const gradOut = filled(new Random(2), indices.length * dim);
const rowsOf = (table: Float32Array, row: number, count = 1) => table.slice(row * dim, (row + count) * dim);

onEveryImplementation(({ name: backend }) => {
  const make = (options: EmbeddingOptions = {}): Embedding =>
    Embedding.fromPretrained(weight, { embeddingDim: dim, freeze: false, backend, ...options });

  describe("maxNorm", () => {
    test("shortens touched rows in the table, each once, and the padding row; the others keep their bits", () => {
      using layer = Embedding.fromPretrained(Float32Array.of(3, 4, 0.3, 0.4, 6, 8, 9, 12), {
        ...{ embeddingDim: 2, paddingIdx: 2, maxNorm: 1, backend },
      });
      const rows = layer.forward([0, 2, 0, 1]);
      const [x, y] = [Math.fround(0.6), Math.fround(0.8)];
      expect([...layer.weight.data]).toEqual([x, y, Math.fround(0.3), Math.fround(0.4), x, y, 9, 12]);
      expect([...rows]).toEqual([x, y, x, y, x, y, Math.fround(0.3), Math.fround(0.4)]);
      expect(layer.forward([0, 2, 0, 1])).toEqual(rows);
    });

    test.each([1, 2, 3, 0.5, Number.POSITIVE_INFINITY])("normType %f: no row that was looked up is longer", (p) => {
      using layer = make({ maxNorm: 2, normType: p });
      const rows = layer.forward(indices);
      const norm = (row: Float32Array): number =>
        p === Number.POSITIVE_INFINITY
          ? Math.max(...row.map(Math.abs))
          : row.reduce((sum, x) => sum + Math.abs(x) ** p, 0) ** (1 / p);
      for (let i = 0; i < indices.length; i++) expect(norm(rowsOf(rows, i))).toBeLessThan(2 + 1e-6);
      for (let row = 31; row < numEmbeddings; row++) {
        expectSameBits(rowsOf(layer.weight.data, row), rowsOf(weight, row), `row ${row}`);
      }
    });

    test("a row of zeros, of tiny or of great numbers is no trouble; NaN stays, Infinity becomes NaN, as in PyTorch", () => {
      const great = Math.fround(3e38);
      const table = Float32Array.of(0, 0, 1e-45, 0, great, great, Number.NaN, 5, Number.POSITIVE_INFINITY, 5);
      for (const normType of [1, 2, 2.5, 0.5, Number.POSITIVE_INFINITY]) {
        using layer = Embedding.fromPretrained(table, { embeddingDim: 2, maxNorm: 1, normType, backend });
        const rows = layer.forward([0, 1, 2, 3, 4]);
        expect([...rows.subarray(0, 4)]).toEqual([...table.subarray(0, 4)]);
        expect([...rows.subarray(6, 10)]).toEqual([Number.NaN, 5, Number.NaN, 0]);
        expect(rows[4]).toBe(rows[5]);
        expect(rows[4]).toBeLessThanOrEqual(1);
      }
    });

    test("the gradient knows nothing of it", () => {
      using layer = make({ maxNorm: 0.5 });
      using plain = make();
      for (const each of [layer, plain]) {
        each.forward(indices);
        each.backward(indices, gradOut);
      }
      expectSameBits(layer.weight.grad!.toDense(), plain.weight.grad!.toDense(), "grad");
    });

    test("a refused call shortens nothing", () => {
      using layer = make({ maxNorm: 0.5 });
      const refused = [
        () => layer.forward([0, 1, 40]),
        () => layer.forward(Uint32Array.of(0, 1, 0xffffffff)),
        () => layer.forward(Int32Array.from({ length: 300 }, (_, i) => (i === 299 ? -1 : 0))),
        () => layer.forward([0, 1], new Float32Array(1)),
        () => layer.forward(indices, layer.weight.data.subarray(0, 0)),
      ];
      for (const call of refused) expect(refusalOf(call)).toContain("RangeError");
      expect(refusalOf(refused[2])).toContain("indices[299] is -1, expected an integer in [0, 40)");
      expectSameBits(layer.weight.data, weight, "table");
    });
  });

  describe("scaleGradByFreq", () => {
    test.each([false, true])("divides by how often the row stands in the call, sparse: %s", (sparse) => {
      using layer = new Embedding(4, 1, { scaleGradByFreq: true, paddingIdx: 2, sparse, backend });
      layer.backward([1, 1, 0, 1, 1, 2, 2, 3, 3], Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
      expect([...layer.weight.grad!.toDense()]).toEqual([3, 3, 0, 8.5]);
      layer.backward([1, 0, 0], Float32Array.of(1, 1, 2)); // counted by itself
      expect([...layer.weight.grad!.toDense()]).toEqual([4.5, 4, 0, 8.5]);
    });

    test("sparse and dense have the same bits, also over two calls and behind another's gradient", () => {
      const dense = [false, true].map((sparse) => {
        using layer = make({ scaleGradByFreq: true, sparse, paddingIdx: 3 });
        layer.backward(indices, gradOut);
        layer.backward(
          indices.map((row) => row + 5),
          gradOut,
        );
        return layer.weight.grad!.toDense();
      });
      expectSameBits(dense[1], dense[0], "grad");
    });
  });

  describe("trainableRows", () => {
    const mask = Array.from({ length: numEmbeddings }, (_, row) => row % 3 !== 0);
    const fixed = mask.flatMap((trainable, row) => (trainable ? [] : [row]));
    const optimizers = [SGD, Adagrad].map((each) => [each.name, each] as const);

    test("a range, a mask of booleans or of bytes", () => {
      expect([...maskOf({ start: 1, end: 3 }, 4)]).toEqual([0, 1, 1, 0]);
      expect([...maskOf({ start: 4, end: 4 }, 4)]).toEqual([0, 0, 0, 0]);
      expect([...maskOf([true, false], 2)]).toEqual([1, 0]);
      expect([...maskOf(Uint8Array.of(0, 1), 2)]).toEqual([0, 1]);
      using layer = make({ trainableRows: mask });
      expect([...layer.weight.trainableRows!]).toEqual(mask.map(Number));
      using all = make({ trainableRows: { start: 0, end: numEmbeddings } });
      expect(all.weight.trainableRows).toBeNull();
    });

    describe.each(optimizers)("%s", (_, Optimizer) => {
      test.each([false, true])("other rows get no gradient and never move, sparse: %s", (sparse) => {
        using layer = make({ trainableRows: mask, paddingIdx: 4, sparse, maxNorm: 3 });
        using free = make({ paddingIdx: 4, sparse });
        const head = new Unembedding(layer.weight);
        const freeHead = new Unembedding(free.weight);
        const optimizer = new Optimizer([layer.weight], { lr: 0.1 });
        const hidden = rowsOf(weight, 0, 8).map((x) => x / 100); // small logits: every row has its share of the gradient
        for (let step = 0; step < 3; step++) {
          layer.backward(indices, gradOut);
          if (step === 0) {
            free.backward(indices, gradOut);
            const expected = free.weight.grad!.toDense();
            for (const row of fixed) expected.fill(0, row * dim, (row + 1) * dim);
            expectSameBits(layer.weight.grad!.toDense(), expected, "grad");
          }
          if (step === 1) {
            // The head makes the gradient dense, and touches every row of a free table.
            freeHead.loss(hidden, [0, 1, 2, 3, 4, 5, 6, 7]);
            expect(free.weight.grad!.toDense().every((each) => each !== 0)).toBe(true);
            head.loss(hidden, [0, 1, 2, 3, 4, 5, 6, 7]);
          }
          const grad = layer.weight.grad!.toDense();
          for (const row of fixed) expect([...rowsOf(grad, row)].every((each) => each === 0)).toBe(true);
          optimizer.step();
          optimizer.zeroGrad();
          layer.forward(indices);
        }
        for (let row = 0; row < numEmbeddings; row++) {
          const [now, before] = [rowsOf(layer.weight.data, row), rowsOf(weight, row)];
          if (!mask[row]) expectSameBits(now, before, `row ${row}`);
          else expect(now).not.toEqual(before);
        }
      });
    });

    test("an optimizer steps over the other rows even when their gradient is not zero", () => {
      using layer = new Embedding(5, 1, { backend, trainableRows: { start: 1, end: 3 } });
      const before = layer.weight.data.slice();
      layer.backward([0], Float32Array.of(1)); // dense, all zeros
      layer.weight.grad!.values.fill(1);
      new SGD([layer.weight], { lr: 1 }).step();
      expect([...layer.weight.data]).toEqual([...before.map((x, row) => (row === 1 || row === 2 ? x - 1 : x))]);
    });

    test("a bad index is told where it stands", () => {
      using layer = make({ trainableRows: mask });
      for (const list of [[0, 3, 40], Uint32Array.of(0, 3, 40)]) {
        expect(refusalOf(() => layer.backward(list, new Float32Array(3 * dim)))).toBe(
          "RangeError [ERR_INDEX_OUT_OF_RANGE]: indices[2] is 40, expected an integer in [0, 40)",
        );
      }
      expect(layer.weight.grad).toBeNull();
    });
  });

  describe("bad options", () => {
    const norms = "expected a number > 0, or Infinity";
    const cases: Record<string, EmbeddingOptions> = {
      "RangeError [ERR_OUT_OF_RANGE]: maxNorm is -1, expected a finite number >= 0": { maxNorm: -1 },
      "RangeError [ERR_OUT_OF_RANGE]: maxNorm is NaN, expected a finite number >= 0": { maxNorm: Number.NaN },
      'TypeError [ERR_INVALID_ARG_TYPE]: maxNorm is "1", expected a finite number >= 0': { maxNorm: any("1") },
      [`RangeError [ERR_OUT_OF_RANGE]: normType is 0, ${norms}`]: { maxNorm: 1, normType: 0 },
      [`RangeError [ERR_OUT_OF_RANGE]: normType is -2, ${norms}`]: { normType: -2 },
      [`RangeError [ERR_OUT_OF_RANGE]: normType is NaN, ${norms}`]: { normType: Number.NaN },
      [`TypeError [ERR_INVALID_ARG_TYPE]: normType is "inf", ${norms}`]: { normType: any("inf") },
      "TypeError [ERR_INVALID_ARG_TYPE]: scaleGradByFreq is 1, expected true or false": { scaleGradByFreq: any(1) },
      "RangeError [ERR_INVALID_LENGTH]: trainableRows.length is 3, expected 40 = numEmbeddings": {
        trainableRows: [true, false, true],
      },
      "TypeError [ERR_INVALID_ARG_TYPE]: trainableRows[2] is 2, expected true or false, 1 or 0": {
        trainableRows: new Uint8Array(40).fill(2, 2, 3),
      },
      "TypeError [ERR_INVALID_ARG_TYPE]: trainableRows is 7, expected an array of true and false, a Uint8Array, or { start, end }":
        { trainableRows: any(7) },
      "TypeError [ERR_INVALID_ARG_TYPE]: trainableRows is Int8Array(40), expected an array of true and false, a Uint8Array, or { start, end }":
        { trainableRows: any(new Int8Array(40)) },
      "RangeError [ERR_OUT_OF_RANGE]: trainableRows.start is -1, expected an integer in [0, 40]": {
        trainableRows: { start: -1, end: 3 },
      },
      "RangeError [ERR_OUT_OF_RANGE]: trainableRows.end is 2, expected an integer in [3, 40]": {
        trainableRows: { start: 3, end: 2 },
      },
      "TypeError [ERR_INVALID_ARG_TYPE]: trainableRows.end is undefined, expected an integer in [0, 40]": {
        trainableRows: any({ start: 0 }),
      },
      'TypeError [ERR_INVALID_ARG_TYPE]: trainableRows has "stop", expected only start, end': {
        trainableRows: any({ start: 0, stop: 2 }),
      },
    };
    test.each(Object.entries(cases))("%s", (refusal, options) => expect(refusalOf(() => make(options))).toBe(refusal));
  });

  describe("resize", () => {
    test("keeps rows; new ones are one fill of the layer's generator, whatever was drawn before them", () => {
      const generator = new Generator(5);
      using layer = new Embedding(6, 5, { generator, backend });
      const before = layer.weight.data.slice();
      layer.backward([1], new Float32Array(5));
      layer.resize(10);
      const twin = new Generator(5);
      const expected = [fillNormal(new Float32Array(30), twin), fillNormal(new Float32Array(20), twin)];
      expectSameBits(before, expected[0], "before");
      expectSameBits(layer.weight.data, Float32Array.of(...expected[0], ...expected[1]), "after");
      expect([layer.numEmbeddings, layer.weight.shape, layer.weight.grad]).toEqual([10, [10, 5], null]);
      layer.resize(3);
      layer.resize(3);
      expectSameBits(layer.weight.data, expected[0].slice(0, 15), "shrunk");
      expect(layer.numEmbeddings).toBe(3);
      expect(refusalOf(() => layer.forward([3]))).toContain("expected an integer in [0, 3)");
      layer.backward([2], new Float32Array(5).fill(1));
      expect(layer.weight.grad!.toDense()).toEqual(new Float32Array(15).fill(1, 10));
    });

    test("a tied head sees the table as it is now, and its biases grow with it", () => {
      using layer = make();
      const head = new Unembedding(layer.weight, { bias: true });
      head.bias!.data.fill(2);
      layer.resize(50);
      expect([head.numEmbeddings, head.bias!.shape]).toEqual([50, [50, 1]]);
      expect([...head.bias!.data]).toEqual([...new Float32Array(50).fill(2, 0, 40)]);
      const hidden = rowsOf(weight, 0, 2);
      expect(head.forward(hidden)).toHaveLength(100);
      head.loss(hidden, [49, 1]);
      expect([layer.weight.grad!.shape, head.bias!.grad!.shape]).toEqual([
        [50, dim],
        [50, 1],
      ]);
      layer.resize(2);
      expect(refusalOf(() => head.loss(hidden, [2, 1]))).toContain("targets[0] is 2, expected an integer in [0, 2)");
      head.dispose();
      layer.resize(3); // a bias that is gone is left alone
      expect(layer.numEmbeddings).toBe(3);
    });

    test.each([
      ["SGD", false],
      ["SGD", true],
      ["Adagrad", false],
      ["Adagrad", true],
    ] as const)("%s goes on with what it remembers of the rows that stayed, sparse: %s", (kind, sparse) => {
      const optimizerOf = (layer: Embedding) =>
        kind === "SGD"
          ? new SGD([layer.weight], { lr: 0.1 })
          : new Adagrad([layer.weight], { lr: 0.1, initialAccumulatorValue: 0.25 });
      const step = (layer: Embedding, optimizer: SGD | Adagrad, list: ArrayLike<number>) => {
        layer.backward(Uint32Array.from(list), gradOut.slice(0, list.length * dim));
        optimizer.step();
        optimizer.zeroGrad();
      };
      const added = filled(new Random(4), 50 * dim);
      using layer = make({ sparse });
      const optimizer = optimizerOf(layer);
      step(layer, optimizer, indices);
      layer.resize(10); // rows 10 and above are forgotten,
      layer.resize(60); // also when no step was taken in between
      layer.weight.data.set(added, 10 * dim);
      step(layer, optimizer, [...indices.subarray(1), 55]);

      // The same by hand: ten rows with two steps behind them, fifty with one.
      using whole = Embedding.fromPretrained(layer.weight.data, { embeddingDim: dim, freeze: false, sparse, backend });
      whole.weight.data.set(weight);
      const twin = optimizerOf(whole);
      step(whole, twin, indices);
      whole.weight.data.set(added, 10 * dim);
      const state = twin.stateDict();
      const { sum } = state.parameters[0]!;
      if (sum instanceof Float32Array) sum.fill(0.25, 10 * dim);
      twin.loadStateDict(state);
      step(whole, twin, [...indices.subarray(1), 55]);
      expectSameBits(layer.weight.data, whole.weight.data, "table");
      expect(optimizer.stateDict()).toEqual(twin.stateDict());
    });

    test("stateDict after a resize fits the table", () => {
      using layer = make();
      const optimizer = new Adagrad([layer.weight]);
      layer.backward(indices, gradOut);
      optimizer.step();
      const { sum } = optimizer.stateDict().parameters[0]!;
      layer.resize(50);
      const grown = optimizer.stateDict();
      expectSameBits((grown.parameters[0]!.sum as Float32Array).slice(0, 40 * dim), sum as Float32Array, "sum");
      optimizer.loadStateDict(grown);
    });

    test("rows that are fixed stay fixed, new ones may be trained", () => {
      using layer = make({ trainableRows: { start: 38, end: 40 } });
      layer.resize(42);
      expect(layer.weight.trainableStretches()).toEqual([[38, 42]]);
      layer.resize(39);
      expect(layer.weight.trainableStretches()).toEqual([[38, 39]]);
      layer.resize(38);
      expect(layer.weight.trainableStretches()).toEqual([]);
    });

    test("bad sizes, the padding row and a lack of memory are refused, and nothing changes", () => {
      const generator = new Generator(8);
      using layer = new Embedding(3, 2 ** 20, { paddingIdx: -1, generator, backend });
      const head = new Unembedding(layer.weight, { bias: true });
      layer.backward([0], new Float32Array(2 ** 20));
      const [before, grad, state] = [layer.weight.data.slice(), layer.weight.grad, generator.getState()];
      const range = "expected an integer in [1, 2147483647]";
      const cases: Record<string, unknown> = {
        [`RangeError [ERR_OUT_OF_RANGE]: numEmbeddings is 0, ${range}`]: 0,
        [`RangeError [ERR_OUT_OF_RANGE]: numEmbeddings is 2.5, ${range}`]: 2.5,
        'TypeError [ERR_INVALID_ARG_TYPE]: numEmbeddings is "4", expected an integer in [1, 2147483647]': "4",
        "RangeError [ERR_OUT_OF_RANGE]: numEmbeddings is 2, expected more than 2 = paddingIdx": 2,
        "RangeError [ERR_OUT_OF_MEMORY]: weight is 2147483647 x 1048576 floats, expected what its backend can allocate":
          2 ** 31 - 1,
      };
      for (const [refusal, size] of Object.entries(cases)) {
        expect(refusalOf(() => layer.resize(any(size)))).toBe(refusal);
      }
      expectSameBits(layer.weight.data, before, "table");
      expect([layer.numEmbeddings, head.bias!.shape[0], generator.getState()]).toEqual([3, 3, state]);
      expect(layer.weight.grad).toBe(grad);
      layer.dispose();
      expect(refusalOf(() => layer.resize(4))).toBe(
        "TypeError [ERR_DISPOSED]: weight is disposed, expected one in use",
      );
    });
  });
});

test("a table may be resized any number of times between two steps", () => {
  using layer = new Embedding(8, 1, { backend: "js" });
  const { resizes } = layer.weight;
  layer.weight.resize(3);
  for (let i = 0; i < 200_000; i++) layer.weight.resize(4 + (i % 2));
  expect([layer.weight.rowsKeptSince(resizes), layer.weight.rowsKeptSince(resizes + 2)]).toEqual([3, 4]);
});
