import { describe, expect, test, vi } from "vitest";
import { selectBackend } from "../src/backend/select.js";
import { Embedding, type LossOptions, Unembedding } from "../src/index.js";
import { chunkColumns, planWalk } from "../src/layers/chunks.js";
import { expectSameBits } from "./conformance/bits.js";
import { filled, Random } from "./conformance/cases.js";
import { onEveryImplementation } from "./conformance/implementations.js";
import { materializedLoss } from "./materializedLoss.js";
import { any, refusalOf } from "./refusals.js";

/** A head over a table of its own, with logits of a few units. */
function makeHead(backend: string, numEmbeddings: number, dim: number, bias = true, sparse = false): Unembedding {
  const random = new Random(numEmbeddings + dim);
  const values = filled(random, numEmbeddings * dim);
  const table = Embedding.fromPretrained(values, { embeddingDim: dim, freeze: false, backend, sparse });
  const head = new Unembedding(table.weight, { bias });
  head.bias?.data.set(filled(random, numEmbeddings));
  return head;
}

function finish(head: Unembedding): void {
  head.weight.dispose();
  head.dispose();
}

/** Hidden states and targets for a head; one target in six is ignored. */
function makeBatch(n: number, numEmbeddings: number, dim: number) {
  const random = new Random(n * 7 + numEmbeddings);
  const hidden = filled(random, n * dim);
  const targets = Int32Array.from({ length: n }, () => (random.below(6) === 0 ? -100 : random.below(numEmbeddings)));
  return { hidden, targets };
}

const gradientsOf = (head: Unembedding) => [head.weight.grad?.toDense(), head.bias?.grad?.toDense()];

/** Sums of hundreds of floats round to a little more than 1e-6 of the largest. */
const sumTolerance = 2e-6;

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string, most = sumTolerance): void {
  const scale = Array.from(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  const worst = Array.from(expected).reduce((most, value, i) => Math.max(most, Math.abs(value - actual[i])), 0);
  expect(worst / scale, what).toBeLessThanOrEqual(most);
}

// Around a chunk; more chunks; more rows than are walked at once; logits that are kept, and that are too many.
const sizes = [
  [1, 1, 3],
  [3, 5, 4],
  [2, chunkColumns - 1, 3],
  [2, chunkColumns, 3],
  [3, chunkColumns + 1, 3],
  [5, 4 * chunkColumns + 7, 5],
  [300, 40, 8],
  [300, 3000, 4],
  [300, 4200, 4],
];

onEveryImplementation(({ name: backend }) => {
  test.each(sizes)("n = %i, V = %i, d = %i: what doubles give that hold all logits", (n, numEmbeddings, dim) => {
    const { hidden, targets } = makeBatch(n, numEmbeddings, dim);
    if (n < 4) targets.fill(numEmbeddings - 1);
    const head = makeHead(backend, numEmbeddings, dim);
    const options: LossOptions[] = [{}, { reduction: "sum", labelSmoothing: 0.2 }];
    for (const each of options) {
      const expected = materializedLoss(head.weight.data, head.bias!.data, hidden, targets, each);
      head.weight.zeroGrad();
      head.bias!.zeroGrad();
      const { loss, gradHidden } = head.loss(hidden, targets, each);
      expectClose([loss as number], [expected.loss], "loss", 1e-6);
      expectClose(gradHidden!, expected.gradHidden, "gradHidden");
      expectClose(head.weight.grad!.toDense(), expected.gradWeight, "gradWeight");
      expectClose(head.bias!.grad!.toDense(), expected.gradBias, "gradBias");
      expect(head.loss(hidden, targets, { ...each, gradients: false })).toEqual({ loss, gradHidden: null });
    }
    finish(head);
  });

  test("the bits are the specification's, wherever arrays lie, with and without a bias", () => {
    for (const [n, numEmbeddings, dim] of [...sizes.slice(1, 6), [300, 4200, 4]]) {
      const { hidden, targets } = makeBatch(n, numEmbeddings, dim);
      for (const bias of [true, false]) {
        const [mine, specified] = [backend, "js"].map((name) => makeHead(name, numEmbeddings, dim, bias));
        const [actual, expected] = [mine, specified].map((head) =>
          head.loss(hidden, targets, { reduction: "none", labelSmoothing: 0.1 }),
        );
        expectSameBits(actual.loss, expected.loss, "loss");
        expectSameBits(actual.gradHidden!, expected.gradHidden!, "gradHidden");
        gradientsOf(mine).forEach((gradient, i) => {
          if (gradient) expectSameBits(gradient, gradientsOf(specified)[i]!, "gradient");
        });
        finish(mine);
        finish(specified);
      }
    }
  });

  test("a row's loss and gradient do not depend on its batch; batches cut at 256 rows add up to the bits of one", () => {
    const [n, numEmbeddings, dim] = [520, 4200, 5];
    const head = makeHead(backend, numEmbeddings, dim);
    const { hidden, targets } = makeBatch(n, numEmbeddings, dim);
    for (let i = 0; i < n; i++) if (targets[i] < 0) targets[i] = i;
    const all = head.loss(hidden, targets, { reduction: "none" });
    const gradients = gradientsOf(head);
    head.weight.zeroGrad();
    head.bias!.zeroGrad();
    for (const [start, end] of [
      [0, 256],
      [256, 512],
      [512, 520],
    ]) {
      const part = head.loss(hidden.subarray(start * dim, end * dim), targets.subarray(start, end), {
        reduction: "none",
      });
      expectSameBits(part.loss, all.loss.slice(start, end), "loss");
      expectSameBits(part.gradHidden!, all.gradHidden!.slice(start * dim, end * dim), "gradHidden");
    }
    gradientsOf(head).forEach((gradient, i) => {
      expectSameBits(gradient!, gradients[i]!, "gradient");
    });
    for (let i = 0; i < n; i += 37) {
      const one = head.loss(hidden.subarray(i * dim, (i + 1) * dim), [targets[i]], { reduction: "none" });
      expectSameBits(one.loss, all.loss.slice(i, i + 1), "loss");
      expectSameBits(one.gradHidden!, all.gradHidden!.slice(i * dim, (i + 1) * dim), "gradHidden");
    }
    finish(head);
  });

  test("ignored rows are not looked at: not even NaN in them spoils a gradient", () => {
    const head = makeHead(backend, 9, 2);
    const { loss, gradHidden } = head.loss(Float32Array.of(Number.NaN, 0, 1, 2, Number.NaN, 0), [-100, 3, -100]);
    const gradient = head.weight.grad!.toDense();
    head.weight.zeroGrad();
    const alone = head.loss(Float32Array.of(1, 2), [3]);
    expect(loss).toBe(alone.loss);
    expectSameBits(gradHidden!, Float32Array.of(0, 0, ...alone.gradHidden!, 0, 0), "gradHidden");
    expectSameBits(gradient, head.weight.grad!.toDense(), "gradient");
    finish(head);
  });

  test("gradients join what is there, sparse or dense; a frozen weight gets none; nothing to count gives zeros", () => {
    const head = makeHead(backend, 7, 3);
    const { hidden, targets } = makeBatch(6, 7, 3);
    head.loss(hidden, targets);
    const once = head.weight.grad!.toDense();
    head.loss(hidden, targets);
    expectClose(
      head.weight.grad!.toDense(),
      once.map((x) => 2 * x),
      "twice",
    );
    head.weight.zeroGrad();
    head.sampledLoss(hidden.subarray(0, 3), [2], [5], { sparse: true });
    expect(head.weight.grad!.kind).toBe("sparse");
    const sparse = head.weight.grad!.toDense();
    head.loss(hidden, targets);
    expectClose(
      head.weight.grad!.toDense(),
      once.map((x, i) => x + sparse[i]),
      "after a sparse one",
    );
    head.weight.zeroGrad();
    head.weight.requiresGrad = false;
    expect(head.loss(hidden, targets).gradHidden).toHaveLength(18);
    expect(head.weight.grad).toBeNull();
    head.weight.requiresGrad = true;
    head.bias!.zeroGrad();
    expect(head.loss(new Float32Array(0), [], { reduction: "sum" })).toEqual({
      loss: 0,
      gradHidden: new Float32Array(0),
    });
    expect(gradientsOf(head)).toEqual([new Float32Array(21), new Float32Array(7)]);
    finish(head);
  });

  test("hidden states may be a view of the backend's own memory, which moves", () => {
    const head = makeHead(backend, 5000, 64);
    const expected = head.loss(head.weight.data.slice(0, 640), [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]);
    const again = makeHead(backend, 5000, 64);
    const { loss, gradHidden } = again.loss(again.weight.data.subarray(0, 640), [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]);
    expect(loss).toBe(expected.loss);
    expectSameBits(gradHidden!, expected.gradHidden!, "gradHidden");
    expectSameBits(again.weight.grad!.toDense(), head.weight.grad!.toDense(), "gradient");
    const best = head.topK(head.weight.data.slice(0, 640), 3);
    expect(again.topK(again.weight.data.subarray(0, 640), 3)).toEqual(best);
    finish(head);
    finish(again);
  });

  test.each(["weight", "bias"] as const)(
    "hidden states may be the very gradient of the %s that is added to",
    (name) => {
      const [n, numEmbeddings, dim] = [300, 300, 1];
      const targets = Array.from({ length: n }, (_, i) => i);
      const { hidden } = makeBatch(n, numEmbeddings, dim);
      const [aliased, apart] = [0, 1].map(() => {
        const head = makeHead(backend, numEmbeddings, dim);
        head.loss(hidden, targets, { reduction: "sum" });
        return head;
      });
      const states = (head: Unembedding) => head[name]!.grad!.values;
      const expected = apart.loss(states(apart).slice(), targets);
      const actual = aliased.loss(states(aliased), targets);
      expect(actual.loss).toBe(expected.loss);
      expectSameBits(actual.gradHidden!, expected.gradHidden!, "gradHidden");
      gradientsOf(aliased).forEach((gradient, i) => {
        expectSameBits(gradient!, gradientsOf(apart)[i]!, "gradient");
      });
      finish(aliased);
      finish(apart);
    },
  );

  describe("bad input", () => {
    const range = "RangeError [ERR_OUT_OF_RANGE]";
    const cases: Record<string, (head: Unembedding, hidden: Float32Array) => unknown> = {
      [`${range}: labelSmoothing is 1.5, expected a number in [0, 1]`]: (l, h) =>
        l.loss(h, [0, 1], { labelSmoothing: 1.5 }),
      [`${range}: labelSmoothing is -0.1, expected a number in [0, 1]`]: (l, h) =>
        l.loss(h, [0, 1], { labelSmoothing: -0.1 }),
      [`${range}: labelSmoothing is 0.1 with classWeights, expected only one of the two`]: (l, h) =>
        l.loss(h, [0, 1], { labelSmoothing: 0.1, classWeights: new Float32Array(3) }),
      "RangeError [ERR_INVALID_LENGTH]: classWeights.length is 2, expected 3 = numEmbeddings": (l, h) =>
        l.loss(h, [0, 1], { classWeights: new Float32Array(2) }),
      [`${range}: classWeights[2] is -1, expected a finite number >= 0`]: (l, h) =>
        l.loss(h, [0, 1], { classWeights: Float32Array.of(1, 0, -1) }),
      [`${range}: classWeights[1] is NaN, expected a finite number >= 0`]: (l, h) =>
        l.loss(h, [0, 1], { classWeights: Float32Array.of(1, Number.NaN, 1) }),
      "TypeError [ERR_INVALID_ARG_TYPE]: classWeights is Array(3), expected a Float32Array": (l, h) =>
        l.loss(h, [0, 1], { classWeights: any([1, 1, 1]) }),
      'TypeError [ERR_INVALID_ARG_TYPE]: gradients is "no", expected true or false': (l, h) =>
        l.loss(h, [0, 1], { gradients: any("no") }),
      "RangeError [ERR_INVALID_LENGTH]: targets.length is 3, expected 2 = rows of hidden": (l, h) =>
        l.sampledLoss(h, [0, 1, 2], [0, 1]),
      "RangeError [ERR_INVALID_LENGTH]: negatives.length is 3, expected a multiple of 2 = rows of hidden": (l, h) =>
        l.sampledLoss(h, [0, 1], [0, 1, 2]),
      "RangeError [ERR_INDEX_OUT_OF_RANGE]: negatives[3] is 3, expected an integer in [0, 3)": (l, h) =>
        l.sampledLoss(h, [0, 1], [0, 1, 2, 3]),
      "RangeError [ERR_INDEX_OUT_OF_RANGE]: targets[1] is -1, expected an integer in [0, 3)": (l, h) =>
        l.sampledLoss(h, Int32Array.of(0, -1), [0, 1]),
      'TypeError [ERR_INVALID_ARG_TYPE]: options has "k", expected only reduction, sparse, gradients': (l, h) =>
        l.sampledLoss(h, [0, 1], [0, 1], any({ k: 1 })),
    };
    test.each(Object.entries(cases))("%s", (refusal, call) => {
      const head = makeHead(backend, 3, 2);
      expect(refusalOf(() => call(head, Float32Array.of(1, 2, 3, 4)))).toBe(refusal);
      expect(gradientsOf(head)).toEqual([undefined, undefined]);
      finish(head);
      expect(refusalOf(() => head.sampledLoss(new Float32Array(2), [0], [0]))).toContain("weight is disposed");
      expect(refusalOf(() => head.topK(new Float32Array(2), 1))).toContain("weight is disposed");
    });
  });
});

describe("gradients are those of central differences", () => {
  test.each<LossOptions>([
    { reduction: "mean" },
    { reduction: "sum", labelSmoothing: 0.3 },
    { reduction: "mean", classWeights: Float32Array.of(0.5, 2, 1, 0, 3) },
    { reduction: "none" },
  ])("%o", (options) => {
    const [n, numEmbeddings, dim] = [4, 5, 3];
    const head = makeHead("js", numEmbeddings, dim);
    const { hidden } = makeBatch(n, numEmbeddings, dim);
    const targets = [1, -100, 4, 0];
    const { gradHidden } = head.loss(hidden, targets, options);
    const given = [gradHidden!, ...gradientsOf(head)] as Float32Array[];
    const values = [hidden, head.weight.data, head.bias!.data].map((each) => Float64Array.from(each));
    const at = () => materializedLoss(values[1], values[2], values[0], targets, options).loss;
    values.forEach((array, p) => {
      array.forEach((value, i) => {
        array[i] = value + 1e-5;
        const above = at();
        array[i] = value - 1e-5;
        const below = at();
        array[i] = value;
        expect(given[p][i], `array ${p}, element ${i}`).toBeCloseTo((above - below) / 2e-5, 5);
      });
    });
  });
});

test("memory for logits stays below 4 MiB, whatever the sizes, and batches are cut at multiples of 256", () => {
  for (const n of [0, 1, 255, 256, 257, 1000, 1_000_000]) {
    for (const numEmbeddings of [1, 100, 2047, 2048, 2049, 4096, 4097, 50_257, 2_000_000]) {
      for (const dim of [1, 64, 768, 50_000]) {
        expect(planWalk(n, numEmbeddings, dim, true).rowsAtOnce * dim).toBeLessThanOrEqual(
          Math.max(2 ** 20, 256 * dim),
        );
      }
      for (const bringsHome of [false, true]) {
        const { rowsAtOnce, floatsOfSums, floatsOfGradients, keepsAll } = planWalk(n, numEmbeddings, 1, bringsHome);
        expect(Math.max(floatsOfSums, floatsOfGradients)).toBeLessThanOrEqual(2 ** 20);
        expect(rowsAtOnce === n || rowsAtOnce % 256 === 0).toBe(true);
        // Else 64 rows of a chunk for the sums, then a block of rows by 512 columns for the gradients, or 256.
        const all = rowsAtOnce * numEmbeddings;
        const ofSums = Math.min(rowsAtOnce, 64) * Math.min(chunkColumns, numEmbeddings);
        expect(floatsOfSums).toBe(keepsAll ? all : ofSums);
        expect(floatsOfGradients).toBe(keepsAll ? all : rowsAtOnce * Math.min(bringsHome ? 256 : 512, numEmbeddings));
      }
    }
  }
  expect(chunkColumns % 256).toBe(0);
});

test.each([
  // Statistics, ones and targets' logits; rows at home; the logits of the sums, or those of the gradients with gradients of rows behind them.
  ["wasm", 768, true, 256 * 5 + 256 * 768 + 256 * 256 + 256 * 768],
  ["wasm", 768, false, 256 * 5 + 256 * 768 + 64 * 2048],
  ["wasm", 16, true, 256 * 5 + 256 * 16 + 64 * 2048],
  ["js", 16, true, 256 * 5 + 64 * 2048],
] as const)("a loss on %s of %i columns, gradients %s, works in %i floats", (name, dim, gradients, floats) => {
  const backend = selectBackend(name);
  const table = new Float32Array(4352 * dim);
  using tokens = Embedding.fromPretrained(table, { embeddingDim: dim, freeze: false, backend: name });
  using head = new Unembedding(tokens.weight);
  tokens.weight.reserveDense();
  const allocate = vi.spyOn(backend, "allocate");
  try {
    head.loss(new Float32Array(256 * dim), new Uint32Array(256), { gradients });
    expect(allocate.mock.calls).toEqual([[4 * floats]]);
  } finally {
    allocate.mockRestore();
  }
});
