import { describe, expect, test } from "vitest";
import type { BagInput } from "../src/layers/bags.js";
import { type BagMode, EmbeddingBag, type EmbeddingBagOptions } from "../src/layers/embeddingBag.js";
import { SGD } from "../src/optim/sgd.js";
import { expectSameBits } from "./conformance/bits.js";
import { filled, Random } from "./conformance/cases.js";
import { onEveryImplementation } from "./conformance/implementations.js";

const f = Math.fround;

/** A call as the differential test draws it: the bags, one weight an index where there are any, and the options. */
interface Drawn {
  readonly bags: readonly (readonly number[])[];
  readonly weights: readonly (readonly number[])[] | null;
  readonly input: BagInput;
  readonly options: Required<Pick<EmbeddingBagOptions, "mode" | "scaleGradByFreq" | "sparse" | "includeLastOffset">> & {
    paddingIdx?: number;
  };
  readonly table: Float32Array;
  readonly numRows: number;
  readonly dim: number;
  readonly gradOut: Float32Array;
}

function draw(random: Random): Drawn {
  const numRows = random.of([1, 2, 7, 40]);
  const dim = random.of([1, 2, 5, 8, 16, 31, 70]);
  const mode: BagMode = random.of(["sum", "mean", "max"]);
  const numBags = random.of([0, 1, 2, 5, 12]);
  const bagSize = random.of([1, 2, 5]);
  const form = random.of(["ragged", "offsets", "lastOffset", "bagSize"]);
  const isEven = form === "bagSize";
  const bags = Array.from({ length: numBags }, () =>
    Array.from({ length: isEven ? bagSize : random.of([0, 1, 2, 3, 20]) }, () => random.below(numRows)),
  );
  const isWeighted = mode !== "max" && random.below(2) === 0;
  const weights = isWeighted ? bags.map((bag) => [...filled(random, bag.length)]) : null;
  const starts = [0];
  for (const bag of bags) starts.push(starts[starts.length - 1] + bag.length);
  const behind = form === "lastOffset" ? random.below(3) : 0;
  const list = [...bags.flat(), ...Array.from({ length: behind }, () => random.below(numRows))];
  const indices = random.of([() => list, () => Int32Array.from(list), () => BigInt64Array.from(list, BigInt)])();
  const flat =
    weights === null ? {} : { perSampleWeights: Float32Array.of(...weights.flat(), ...Array(behind).fill(9)) };
  const inputs: Record<string, () => BagInput> = {
    ragged: () => (weights === null ? bags : { indices: bags, perSampleWeights: weights }),
    offsets: () => ({ indices, offsets: starts.slice(0, -1), ...flat }),
    lastOffset: () => ({ indices, offsets: Uint32Array.from(starts), ...flat }),
    bagSize: () => ({ indices, bagSize, ...flat }),
  };
  return {
    bags,
    weights,
    input: inputs[form](),
    options: {
      mode,
      scaleGradByFreq: mode !== "max" && random.below(3) === 0,
      sparse: random.below(2) === 0,
      includeLastOffset: form === "lastOffset",
      ...(random.below(2) === 0 && { paddingIdx: random.below(2 * numRows) - numRows }),
    },
    table: filled(random, numRows * dim, random.of(["ordinary", "ordinary", "zeros"])),
    numRows,
    dim,
    gradOut: filled(random, numBags * dim),
  };
}

/** What the layer promises, as plainly as can be: column by column, float by float. */
function model({ bags, weights, options, table, numRows, dim, gradOut }: Drawn) {
  const { mode, scaleGradByFreq, paddingIdx } = options;
  const padding = paddingIdx === undefined ? -1 : (paddingIdx + numRows) % numRows;
  const out = new Float32Array(bags.length * dim);
  const grad = new Float32Array(numRows * dim);
  const gradWeights: number[][] = bags.map((bag) => bag.map(() => 0));
  const all = bags.flat();
  bags.forEach((bag, b) => {
    const kept = bag.flatMap((row, i) => (row === padding ? [] : [{ row, i }]));
    const divisor = mode === "mean" ? Math.max(kept.length, 1) : 1;
    for (let j = 0; j < dim; j++) {
      const at = (row: number) => table[row * dim + j];
      const g = gradOut[b * dim + j];
      if (mode === "max") {
        if (kept.length === 0) continue;
        const best = kept.reduce((first, each) => (at(each.row) > at(first.row) ? each : first));
        out[b * dim + j] = at(best.row);
        grad[best.row * dim + j] += g;
        continue;
      }
      let sum = 0;
      for (const { row, i } of kept) sum = f(sum + (weights === null ? at(row) : f(at(row) * weights[b][i])));
      out[b * dim + j] = sum / divisor;
      for (const { row, i } of kept) {
        const count = scaleGradByFreq ? all.filter((each) => each === row).length : 1;
        const scale = f((weights?.[b][i] ?? 1) / count / divisor);
        grad[row * dim + j] = f(grad[row * dim + j] + f(scale * g));
        gradWeights[b][i] += (at(row) * g) / divisor;
      }
    }
  });
  return { out, grad, gradWeights: gradWeights.flat() };
}

onEveryImplementation(({ name: backend }) => {
  const make = (table: Float32Array, embeddingDim: number, options: EmbeddingBagOptions = {}) =>
    EmbeddingBag.fromPretrained(table, { embeddingDim, freeze: false, backend, ...options });

  test("600 draws of options, bags and weights: what a plain model of them gives", () => {
    const random = new Random(5);
    for (let round = 0; round < 600; round++) {
      const drawn = draw(random);
      const { options, input, table, dim, gradOut, weights } = drawn;
      const expected = model(drawn);
      const what = `round ${round}: ${JSON.stringify({ ...options, dim, bags: drawn.bags })}`;
      using layer = make(table, dim, options);
      expectSameBits(layer.forward(input), expected.out, what);
      const { gradPerSampleWeights } = layer.backward(input, gradOut);
      expect(layer.weight.grad!.kind, what).toBe(options.sparse ? "sparse" : "dense");
      expectSameBits(layer.weight.grad!.toDense(), expected.grad, `${what}, grad`);
      expect(gradPerSampleWeights === undefined, what).toBe(weights === null);
      if (gradPerSampleWeights === undefined) continue;
      const behind = gradPerSampleWeights.subarray(expected.gradWeights.length);
      expect(behind.every((value) => value === 0)).toBe(true);
      const scale = Math.max(1, ...expected.gradWeights.map(Math.abs));
      expected.gradWeights.forEach((value, i) => {
        expect(Math.abs(gradPerSampleWeights[i] - value), what).toBeLessThan(2e-6 * scale);
      });
    }
  });

  describe.each(["sum", "mean", "max"] as const)("%s", (mode) => {
    const [numRows, dim] = [30, 20];
    const table = filled(new Random(1), numRows * dim);
    const bagsOf = (random: Random, numBags = 9) =>
      Array.from({ length: numBags }, () => Array.from({ length: random.below(8) }, () => random.below(numRows)));

    test("a permutation of the bags permutes the rows", () => {
      const random = new Random(2);
      const bags = bagsOf(random);
      using layer = make(table, dim, { mode, paddingIdx: 3 });
      const rows = layer.forward(bags);
      const order = bags.map((_, b) => (b * 4 + 2) % bags.length);
      const permuted = layer.forward(order.map((b) => bags[b]));
      const expected = order.flatMap((b) => [...rows.subarray(b * dim, (b + 1) * dim)]);
      expectSameBits(permuted, Float32Array.from(expected), "rows");
    });

    test("two calls of backward give the bits of one call with both lists joined", () => {
      const random = new Random(3);
      const [first, second] = [bagsOf(random), bagsOf(random)];
      const gradOut = filled(random, (first.length + second.length) * dim);
      for (const sparse of [false, true]) {
        using apart = make(table, dim, { mode, sparse, paddingIdx: 3 });
        using together = make(table, dim, { mode, sparse, paddingIdx: 3 });
        apart.backward(first, gradOut.subarray(0, first.length * dim));
        apart.backward(second, gradOut.subarray(first.length * dim));
        together.backward([...first, ...second], gradOut);
        expect(apart.weight.grad!.kind).toBe(sparse ? "sparse" : "dense");
        expectSameBits(apart.weight.grad!.toDense(), together.weight.grad!.toDense(), `sparse: ${sparse}`);
      }
    });

    test("the gradients are the slopes", () => {
      const random = new Random(4);
      const indices = Uint32Array.from({ length: 24 }, () => random.below(numRows));
      const offsets = [0, 5, 5, 6, 20];
      const perSampleWeights = mode === "max" ? undefined : filled(random, indices.length);
      const input = { indices, offsets, ...(perSampleWeights && { perSampleWeights }) };
      const gradOut = filled(random, offsets.length * dim);
      using layer = make(table, dim, { mode, paddingIdx: indices[7] });
      const { gradPerSampleWeights } = layer.backward(input, gradOut);
      const grad = layer.weight.grad!.toDense();
      const loss = () => layer.forward(input).reduce((sum, value, at) => sum + value * gradOut[at], 0);
      // Sums and means are linear and a maximum is in pieces: no step is too large that keeps the order of the rows.
      const slope = (values: () => Float32Array, at: number, step: number) => {
        const value = values()[at];
        values()[at] = value + step;
        const above = loss();
        values()[at] = value - step;
        const below = loss();
        values()[at] = value;
        return (above - below) / (2 * step);
      };
      for (const at of Array.from({ length: 80 }, () => random.below(numRows * dim))) {
        expect(grad[at]).toBeCloseTo(
          slope(() => layer.weight.data, at, 2 ** -11),
          1,
        );
      }
      gradPerSampleWeights?.forEach((value, i) => {
        expect(value).toBeCloseTo(
          slope(() => perSampleWeights!, i, 2 ** -6),
          2,
        );
      });
    });

    test("a step moves the touched rows and no other bit; so does maxNorm", () => {
      const bags = [[4, 9, 4], [], [17, 2]];
      const touched = new Set(bags.flat());
      for (const sparse of [false, true]) {
        using layer = make(table, dim, { mode, sparse, paddingIdx: 2, maxNorm: 0.5 });
        const optimizer = new SGD([layer.weight], { lr: 0.5 });
        layer.forward(bags);
        const shortened = layer.weight.data.slice();
        layer.backward(bags, filled(new Random(6), 3 * dim));
        optimizer.step();
        for (let row = 0; row < numRows; row++) {
          const part = (values: Float32Array) => values.slice(row * dim, (row + 1) * dim);
          const norm = Math.hypot(...part(shortened));
          if (touched.has(row)) expect(norm).toBeLessThan(0.5001);
          else expectSameBits(part(shortened), part(table), `row ${row}, forward`);
          const isMoved = part(layer.weight.data).some((value, j) => value !== part(shortened)[j]);
          expect(isMoved, `row ${row}`).toBe(touched.has(row) && row !== 2);
        }
      }
    });

    test("views of the backend's own memory, which grows while the gradient is made", () => {
      const [rows, rowLength, numBags] = [8000, 256, 1000];
      using layer = make(new Float32Array(rows * rowLength), rowLength, { mode });
      const gradOut = filled(new Random(7), numBags * rowLength);
      using source = make(gradOut, rowLength);
      const bags = { indices: Uint32Array.from({ length: numBags * 2 }, (_, i) => (i * 7) % 1500), bagSize: 2 };
      layer.backward(bags, source.weight.data);
      using reference = make(new Float32Array(rows * rowLength), rowLength, { mode, sparse: true });
      reference.backward(bags, gradOut);
      expectSameBits(layer.weight.grad!.toDense(), reference.weight.grad!.toDense(), "grad");
    });
  });

  test("bags of nothing and of nothing but padding are zeros, and give no gradient", () => {
    for (const mode of ["sum", "mean", "max"] as const) {
      using layer = make(Float32Array.of(1, 2, -3, -4), 2, { mode, paddingIdx: -1, sparse: true });
      expect(layer.forward([[], [1], [1, 1]])).toEqual(new Float32Array(6));
      layer.backward([[], [1], [1, 1]], new Float32Array(6).fill(Number.NaN));
      expect(layer.weight.grad).toMatchObject({ kind: "sparse", rows: new Uint32Array(0) });
      expect(layer.forward([])).toEqual(new Float32Array(0));
      expect(layer.forward({ indices: [], offsets: [] })).toEqual(new Float32Array(0));
      expect(layer.forward({ indices: [0, 0], offsets: [0], ...{} })).toEqual(
        layer.forward([[0]]).map((x) => x * (mode === "sum" ? 2 : 1)),
      );
    }
  });

  test("bagSize does not ask includeLastOffset, as PyTorch's rows of indices should not (pytorch#167974)", () => {
    using layer = make(Float32Array.of(1, 2, 3, 4), 1, { mode: "sum", includeLastOffset: true });
    expect(
      layer.forward({
        indices: [
          [0, 1],
          [2, 3],
        ],
        bagSize: 2,
      }),
    ).toEqual(Float32Array.of(3, 7));
    expect(
      layer.forward([
        [0, 1],
        [2, 3],
      ]),
    ).toEqual(Float32Array.of(3, 7));
  });

  test("weights in every shape, and into memory of the caller's", () => {
    using layer = make(Float32Array.of(1, 2, 3, 4), 2, { mode: "sum" });
    const out = new Float32Array(4);
    for (const perSampleWeights of [[[2, 3], [4]], [2, 3, 4], Float32Array.of(2, 3, 4)]) {
      for (const indices of [
        [[0, 1], [1]],
        [Uint8Array.of(0, 1), [1]],
      ]) {
        expect(layer.forward({ indices, perSampleWeights }, out)).toBe(out);
        expect(out).toEqual(Float32Array.of(11, 16, 12, 16));
        out.fill(7);
      }
    }
    expect(layer.backward({ indices: [], bagSize: 3, perSampleWeights: [] }, new Float32Array(0))).toEqual({
      gradPerSampleWeights: new Float32Array(0),
    });
  });

  test("a frozen table gets no gradient; its weights still do", () => {
    using layer = make(Float32Array.of(1, 2, 3, 4), 2, { mode: "sum" });
    layer.weight.requiresGrad = false;
    const input = { indices: [[0, 1]], perSampleWeights: [[1, 1]] };
    const { gradPerSampleWeights } = layer.backward(input, Float32Array.of(1, 10));
    expect(gradPerSampleWeights).toEqual(Float32Array.of(21, 43));
    expect(layer.weight.grad).toBeNull();
  });

  test("weights and offsets whose getters look something up themselves, and a gradOut that is the gradient", () => {
    using layer = make(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), 1, { mode: "sum" });
    const input = () => {
      const [offsets, perSampleWeights] = [
        [0, 1],
        [1, 1, 1],
      ];
      const look = (value: number) => ({
        get: () => layer.forward({ indices: [7, 7, 7], bagSize: 3 }).length * 0 + value,
      });
      Object.defineProperty(offsets, 1, look(1));
      Object.defineProperty(perSampleWeights, 2, look(10));
      return { indices: [0, 1, 2], offsets, perSampleWeights };
    };
    expect(layer.forward(input())).toEqual(Float32Array.of(1, 32));
    layer.backward(input(), Float32Array.of(1, 2));
    expect(layer.weight.grad!.toDense()).toEqual(Float32Array.of(1, 2, 20, 0, 0, 0, 0, 0));
    const itself = layer.weight.grad!.values.subarray(1, 3);
    layer.backward([[1], [2]], itself);
    expect(layer.weight.grad!.toDense()).toEqual(Float32Array.of(1, 4, 40, 0, 0, 0, 0, 0));
    layer.backward([[1, 0], [0]], layer.weight.grad!.values.subarray(1, 3));
    expect(layer.weight.grad!.toDense()).toEqual(Float32Array.of(45, 8, 40, 0, 0, 0, 0, 0));
  });

  test("indices in memory that threads share", () => {
    const indices = new Uint32Array(new SharedArrayBuffer(1200)).fill(1);
    using layer = make(Float32Array.of(1, 2, 3, 4), 2, { mode: "sum" });
    expect(layer.forward({ indices, bagSize: 300 })).toEqual(Float32Array.of(900, 1200));
  });
});
