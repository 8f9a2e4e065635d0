import { expect, test } from "vitest";
import type { Backend } from "../src/backend/backend.js";
import type { Call } from "../src/backend/calls.js";
import { type LossKernels, lossKernels } from "../src/backend/families/loss.js";
import { InFlight } from "../src/inFlight.js";
import { Embedding } from "../src/layers/embedding.js";
import { type BagMode, EmbeddingBag } from "../src/layers/embeddingBag.js";
import { Linear } from "../src/layers/linear.js";
import type { LossOptions } from "../src/layers/lossOptions.js";
import { TokenPositionEmbedding } from "../src/layers/tokenPositionEmbedding.js";
import { Unembedding } from "../src/layers/unembedding.js";
import { later as doLater, type Work } from "../src/work.js";
import { expectSameBits } from "./conformance/bits.js";
import { filled, Random } from "./conformance/cases.js";
import { onEveryImplementation } from "./conformance/implementations.js";
import { any, detached, refusalOf } from "./refusals.js";

// Large enough that native work leaves the event loop, and that a table is walked in several chunks.
const [rows, dim] = [2500, 24];
const table = filled(new Random(1), rows * dim);

/** Compares results, long arrays by their bits (toEqual takes seconds). */
function expectSame(actual: unknown, expected: unknown): void {
  if (expected instanceof Float32Array) expectSameBits(actual as Float32Array, expected, "floats");
  else if (typeof expected !== "object" || expected === null || ArrayBuffer.isView(expected)) {
    expect(actual).toEqual(expected);
  } else {
    expect(Object.keys(actual as object)).toEqual(Object.keys(expected));
    for (const [name, value] of Object.entries(expected)) expectSame((actual as Record<string, unknown>)[name], value);
  }
}

async function rejectionOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error === undefined
    ? "nothing was refused"
    : refusalOf(() => {
        throw error;
      });
}

onEveryImplementation(({ name: backend, backend: { later } }) => {
  const random = new Random(2);
  const load = (options = {}) =>
    Embedding.fromPretrained(table, { embeddingDim: dim, freeze: false, backend, ...options });
  const someIndices = (length: number) => Uint32Array.from({ length }, () => random.below(rows));

  test.each([0, 1, 5, 700, 5000])("forwardAsync of %i indices: what forward gives", async (length) => {
    using layer = load();
    const indices = someIndices(length);
    const expected = layer.forward(indices);
    const kinds = [
      indices,
      Int32Array.from(indices),
      [...indices],
      [[...indices]],
      BigInt64Array.from(indices, BigInt),
    ];
    for (const kind of kinds) expectSameBits(await layer.forwardAsync(kind), expected, "rows");
  });

  test("forwardAsync with maxNorm shortens the same rows", async () => {
    using layer = load({ maxNorm: 3 });
    using twin = load({ maxNorm: 3 });
    const indices = someIndices(900);
    expectSameBits(await layer.forwardAsync(indices), twin.forward(indices), "rows");
    expectSameBits(layer.weight.data, twin.weight.data, "table");
    expect(layer.weight.data.some((value, i) => value !== table[i])).toBe(true);
  });

  test.each<BagMode>(["sum", "mean", "max"])("forwardAsync of bags, %s: what forward gives", async (mode) => {
    using layer = EmbeddingBag.fromPretrained(table, { embeddingDim: dim, mode, paddingIdx: 3, backend });
    const indices = someIndices(3000);
    const perSampleWeights = filled(random, 3000);
    const weights = mode === "max" ? {} : { perSampleWeights };
    const bags = [[1, 2, 4], [], [3], [7, 3, 7]];
    for (const input of [
      bags,
      { indices, bagSize: 5, ...weights },
      { indices, offsets: [0, 7, 7, 2000], ...weights },
    ]) {
      expectSameBits(await layer.forwardAsync(input), layer.forward(input), "rows");
    }
  });

  test("forwardAsync of tokens and positions: what forward gives", async () => {
    const tables = { token: table, position: filled(random, 100 * dim) };
    using layer = TokenPositionEmbedding.fromPretrained(tables, { embeddingDim: dim, backend });
    const indices = someIndices(1200);
    expectSameBits(await layer.forwardAsync([1, 2, 3]), layer.forward([1, 2, 3]), "a few");
    for (const sequences of [{ sequenceLength: 100 }, { sequenceLength: 60, start: 40 }]) {
      expectSameBits(await layer.forwardAsync(indices, sequences), layer.forward(indices, sequences), "rows");
    }
  });

  test.each([false, true])(
    "forwardAsync of matrices, bias: %s: what forward gives, zeros with their signs",
    async (bias) => {
      const values = table.slice();
      values.fill(0, 0, 20 * dim);
      using tokens = Embedding.fromPretrained(values, { embeddingDim: dim, backend });
      using head = new Unembedding(tokens.weight, { bias });
      using linear = new Linear(dim, 300, { bias, backend });
      for (const each of [head.bias, linear.bias]) each?.data.set(filled(random, each.numRows, "zeros"), 0);
      for (const each of [head.bias, linear.bias]) each?.data.set(filled(random, each.numRows - 30, "special"), 30);
      for (const n of [0, 1, 3, 40]) {
        const hidden = filled(random, n * dim);
        expectSameBits(await head.forwardAsync(hidden), head.forward(hidden), "logits");
        expectSameBits(await linear.forwardAsync(hidden), linear.forward(hidden), "results");
      }
    },
  );

  test.each([false, true])("topKAsync, bias: %s: what topK gives, also many at once on one head", async (bias) => {
    using tokens = load();
    using head = new Unembedding(tokens.weight, { bias });
    head.bias?.data.set(filled(random, rows));
    const asked = [0, 1, 5, 270].flatMap((n) => [1, 5, 100].map((k) => [filled(random, n * dim), k] as const));
    const answers = await Promise.all(asked.map(([hidden, k]) => head.topKAsync(hidden, k)));
    asked.forEach(([hidden, k], i) => {
      const { indices, values } = head.topK(hidden, k);
      expect(answers[i].indices).toEqual(indices);
      expectSameBits(answers[i].values, values, "values");
    });
  });

  test.each<[string, LossOptions]>([
    ["by default", {}],
    ["of each row", { reduction: "none" }],
    ["summed and smoothed", { reduction: "sum", labelSmoothing: 0.1 }],
    ["weighted", { classWeights: filled(new Random(3), rows).map(Math.abs) }],
    ["without gradients", { gradients: false }],
  ])("lossAsync %s: what loss gives, and its gradients", async (_, options) => {
    for (const n of [0, 1, 70, 450]) {
      const layers = [load(), load()];
      const heads = layers.map(({ weight }) => new Unembedding(weight, { bias: true }));
      const hidden = filled(random, n * dim);
      const targets = [...someIndices(n)].map((target, i) => (i % 7 === 6 ? -100 : target));
      for (let round = 0; round < (n > 100 ? 1 : 2); round++) {
        expectSame(await heads[1].lossAsync(hidden, targets, options), heads[0].loss(hidden, targets, options));
      }
      const gradients = heads.map(({ weight, bias }) => [weight, bias!].map(({ grad }) => grad?.toDense()));
      expectSame(gradients[1], gradients[0]);
      for (const each of [...heads, ...layers]) each.dispose();
    }
  });

  test("many calls of all kinds at once on one table", async () => {
    using layer = load();
    using head = new Unembedding(layer.weight);
    using other = new Unembedding(layer.weight);
    const hidden = filled(random, 60 * dim);
    const targets = someIndices(60);
    const indices = someIndices(2000);
    const best = head.topK(hidden, 7);
    const measured = head.loss(hidden, targets, { gradients: false });
    const { gradHidden } = head.loss(hidden, targets);
    const grad = layer.weight.grad!.toDense();
    layer.weight.zeroGrad();
    const found = layer.forward(indices);
    const calls = Array.from({ length: 20 }, (_, i) =>
      Promise.all([
        (i % 2 === 0 ? head : other).topKAsync(hidden, 7),
        head.lossAsync(hidden, targets, { gradients: false }),
        layer.forwardAsync(indices),
      ]),
    );
    const withGradients = head.lossAsync(hidden, targets);
    expectSame(head.topK(hidden, 7), best); // and one that is not
    for (const [topK, loss, rowsFound] of await Promise.all(calls)) {
      expectSame(topK, best);
      expectSame(loss, measured);
      expectSameBits(rowsFound, found, "rows");
    }
    expectSame((await withGradients).gradHidden, gradHidden);
    expectSameBits(layer.weight.grad!.toDense(), grad, "gradient");
  });

  test("what the caller does to the arguments afterwards changes nothing", async () => {
    using layer = load();
    using head = new Unembedding(layer.weight);
    using words = EmbeddingBag.fromPretrained(table, { embeddingDim: dim, mode: "sum", backend });
    using both = TokenPositionEmbedding.fromPretrained(
      { token: table, position: table },
      { embeddingDim: dim, backend },
    );
    const hidden = filled(random, 300 * dim); // more than are walked at once
    const [indices, offsets, targets] = [someIndices(2000), Uint32Array.of(0, 700), someIndices(300)];
    const perSampleWeights = filled(random, 2000);
    const bags = { indices, offsets, perSampleWeights };
    const expected = [
      head.topK(hidden, 3),
      head.forward(hidden),
      head.loss(hidden, targets, { gradients: false }),
      layer.forward(indices),
      words.forward(bags),
      both.forward(indices),
    ];
    // All threads have something to do, so that native calls wait until the arguments are other ones.
    const busy = Array.from({ length: 8 }, () => {
      const product: Call = ["matmulNT", [table, table, 100, rows, dim, false, new Float32Array(100 * rows)]];
      return later?.(new Array(100).fill(product));
    });
    const answers = [
      head.topKAsync(hidden, 3),
      head.forwardAsync(hidden),
      head.lossAsync(hidden, targets, { gradients: false }),
      layer.forwardAsync(indices),
      words.forwardAsync(bags),
      both.forwardAsync(indices),
    ];
    for (const array of [hidden, indices, offsets, targets, perSampleWeights]) {
      array.fill(9);
      detached<Float32Array | Uint32Array>(array);
    }
    expectSame(await Promise.all(answers), expected);
    await Promise.all(busy);
  });

  test("every refusal is a rejection with the error that forward throws, and nothing is in use afterwards", async () => {
    const layer = load();
    const head = new Unembedding(layer.weight, { bias: true });
    const words = EmbeddingBag.fromPretrained(table, { embeddingDim: dim, backend });
    const both = TokenPositionEmbedding.fromPretrained(
      { token: table, position: table },
      { embeddingDim: dim, backend },
    );
    const linear = new Linear(dim, 5, { backend });
    const big = new Uint32Array(1000);
    big[700] = rows;
    const negative = new Int32Array(1000);
    negative[3] = -1;
    const hidden = new Float32Array(2 * dim);
    const pairs: readonly (readonly [() => unknown, () => Promise<unknown>])[] = [
      ...[big, negative, [1, rows], [1.5], any("none"), any(null), [[1], [-2]]].flatMap((indices) => [
        [() => layer.forward(indices), () => layer.forwardAsync(indices)] as const,
        [() => both.forward(indices), () => both.forwardAsync(indices)] as const,
        [() => words.forward({ indices, bagSize: 1 }), () => words.forwardAsync({ indices, bagSize: 1 })] as const,
      ]),
      [() => both.forward([1], { start: rows }), () => both.forwardAsync([1], { start: rows })],
      [() => words.forward(any(7)), () => words.forwardAsync(any(7))],
      [() => head.topK(hidden, 0), () => head.topKAsync(hidden, 0)],
      [() => head.topK(any([1]), 1), () => head.topKAsync(any([1]), 1)],
      [() => head.topK(hidden.subarray(1), 1), () => head.topKAsync(hidden.subarray(1), 1)],
      [() => head.loss(hidden, [1, rows]), () => head.lossAsync(hidden, [1, rows])],
      [() => head.loss(hidden, [1]), () => head.lossAsync(hidden, [1])],
      [() => head.loss(hidden, [1, 2], any({ k: 1 })), () => head.lossAsync(hidden, [1, 2], any({ k: 1 }))],
      [() => head.forward(any(undefined)), () => head.forwardAsync(any(undefined))],
      [() => linear.forward(hidden.subarray(1)), () => linear.forwardAsync(hidden.subarray(1))],
    ];
    for (const [throwing, rejecting] of pairs) {
      const promise = rejecting();
      expect(await rejectionOf(promise)).toBe(refusalOf(throwing));
      expect(refusalOf(throwing)).not.toBe("nothing was refused");
    }
    expect(layer.weight.grad).toBe(null);
    for (const each of [head, layer, words, both, linear]) each.dispose();
    expect(await rejectionOf(head.topKAsync(hidden, 1))).toContain("ERR_DISPOSED");
    expect(await rejectionOf(layer.forwardAsync([1]))).toContain("ERR_DISPOSED");
  });
});

test("where calls fail the promise rejects, the generator is ended, and nothing is in use", async () => {
  const failing = {
    later: () => Promise.reject(new Error("no more threads")),
  } as Partial<Backend> as Backend;
  const seen: string[] = [];
  const work = function* (): Work<number, LossKernels> {
    try {
      yield [];
      seen.push("went on");
      return 1;
    } finally {
      seen.push("ended");
    }
  };
  const inFlight = new InFlight("table");
  const promise = InFlight.during([inFlight], () => doLater(failing, lossKernels, 2 ** 20, work()));
  expect(refusalOf(() => inFlight.check())).toBe(
    "Error [ERR_IN_USE]: table is in use by 1 call in flight, expected none: await it first",
  );
  await expect(promise).rejects.toThrow("no more threads");
  expect(seen).toEqual(["ended"]);
  inFlight.check();
});
