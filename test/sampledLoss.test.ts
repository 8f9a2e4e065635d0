import { describe, expect, test } from "vitest";
import { AliasSampler, Embedding, Generator, Unembedding } from "../src/index.js";
import { expectSameBits } from "./conformance/bits.js";
import { filled, Random } from "./conformance/cases.js";
import { onEveryImplementation } from "./conformance/implementations.js";
import { any, refusalOf } from "./refusals.js";

function makeHead(backend: string, numEmbeddings: number, dim: number): Unembedding {
  const random = new Random(numEmbeddings + dim);
  const values = filled(random, numEmbeddings * dim);
  const table = Embedding.fromPretrained(values, { embeddingDim: dim, freeze: false, backend });
  const head = new Unembedding(table.weight, { bias: true });
  head.bias!.data.set(filled(random, numEmbeddings));
  return head;
}

onEveryImplementation(({ name: backend }) => {
  test.each([
    [1, 0, 3],
    [5, 4, 7],
    [33, 10, 64],
  ])("n = %i, %i negatives, d = %i: the specification's bits, dense and sparse", (n, k, dim) => {
    const random = new Random(n);
    const hidden = filled(random, n * dim);
    const targets = Array.from({ length: n }, () => random.below(20));
    const negatives = Uint32Array.from({ length: n * k }, () => random.below(20));
    const [mine, specified] = [backend, "js"].map((name) => makeHead(name, 20, dim));
    const expected = specified.sampledLoss(hidden, targets, negatives, { reduction: "none" });
    for (const sparse of [false, true]) {
      mine.weight.zeroGrad();
      mine.bias!.zeroGrad();
      const { loss, gradHidden } = mine.sampledLoss(hidden, targets, negatives, { reduction: "none", sparse });
      expectSameBits(loss, expected.loss, "loss");
      expectSameBits(gradHidden!, expected.gradHidden!, "gradHidden");
      expectSameBits(mine.weight.grad!.toDense(), specified.weight.grad!.toDense(), "gradWeight");
      expectSameBits(mine.bias!.grad!.toDense(), specified.bias!.grad!.toDense(), "gradBias");
      const { grad } = mine.weight;
      const touched = [...new Set([...targets, ...negatives])].sort((a, b) => a - b);
      if (grad?.kind === "sparse") expect([...grad.rows]).toEqual(touched);
      else expect(sparse).toBe(false);
    }
    const measured = mine.sampledLoss(hidden, targets, negatives, { gradients: false });
    expect(measured.gradHidden).toBeNull();
    expect(measured.loss).toBeCloseTo(expected.loss.reduce((sum, each) => sum + each, 0) / n, 4);
    for (const head of [mine, specified]) {
      head.weight.dispose();
      head.dispose();
    }
  });
});

test("gradients are those of central differences", () => {
  const [n, numEmbeddings, dim] = [3, 6, 4];
  const head = makeHead("js", numEmbeddings, dim);
  const hidden = filled(new Random(1), n * dim);
  const targets = [1, 5, 1];
  const negatives = [
    [0, 1, 1],
    [2, 3, 5],
    [4, 0, 2],
  ];
  const { loss, gradHidden } = head.sampledLoss(hidden, targets, negatives);
  const given = [gradHidden!, head.weight.grad!.toDense(), head.bias!.grad!.toDense()];
  const [states, weight, bias] = [hidden, head.weight.data, head.bias!.data].map((each) => Float64Array.from(each));
  const at = () => {
    let sum = 0;
    targets.forEach((target, i) => {
      [target, ...negatives[i]].forEach((row, j) => {
        let logit = bias[row];
        for (let p = 0; p < dim; p++) logit += states[i * dim + p] * weight[row * dim + p];
        sum += Math.log1p(Math.exp(j === 0 ? -logit : logit));
      });
    });
    return sum / n;
  };
  expect(loss).toBeCloseTo(at(), 5);
  [states, weight, bias].forEach((array, p) => {
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

test("small losses and large ones are right, and no batch is none", () => {
  const table = Embedding.fromPretrained(Float32Array.of(1, -1), { embeddingDim: 1 });
  const head = new Unembedding(table.weight);
  const lossAt = (logit: number) => head.sampledLoss(Float32Array.of(logit), [0], []).loss;
  expect(lossAt(40) / Math.exp(-40)).toBeCloseTo(1, 6);
  expect([lossAt(200), lossAt(-200), lossAt(Number.POSITIVE_INFINITY), lossAt(Number.NEGATIVE_INFINITY)]).toEqual([
    0,
    200,
    0,
    Number.POSITIVE_INFINITY,
  ]);
  expect(lossAt(Number.NaN)).toBeNaN();
  expect(head.sampledLoss(new Float32Array(0), [], [], { reduction: "sum" }).loss).toBe(0);
  expect(head.sampledLoss(new Float32Array(0), [], []).loss).toBeNaN();
  expect(head.weight.grad).toBeNull(); // frozen
});

describe("AliasSampler", () => {
  /** How often each index comes up when both numbers of a draw run over a grid that is even. */
  function frequencies(sampler: AliasSampler, steps: number): Float64Array {
    const draws: number[] = [];
    for (let entry = 0; entry < sampler.size; entry++) {
      for (let step = 0; step < steps; step++) {
        draws.push(Math.floor(((entry + 0.5) / sampler.size) * 2 ** 32), Math.floor(((step + 0.5) / steps) * 2 ** 32));
      }
    }
    const count = draws.length / 2;
    let next = 0;
    const generator = { uint32: () => draws[next++] };
    const found = new Float64Array(sampler.size);
    for (const index of sampler.sample(any(generator), new Uint32Array(count))) found[index] += 1 / count;
    return found;
  }

  test.each([undefined, 0, 0.25, 0.3, 0.75, 1])("shares are those of counts ** %s", (power) => {
    const random = new Random(2);
    const counts = Array.from({ length: 100 }, (_, i) => (i % 7 === 3 ? 0 : 1 + random.below(2 ** random.below(20))));
    const weights = counts.map((count) => (count === 0 ? 0 : count ** (power ?? 0.75)));
    const total = weights.reduce((sum, each) => sum + each, 0);
    const sampler = new AliasSampler(counts, power === undefined ? {} : { power });
    frequencies(sampler, 4096).forEach((share, i) => {
      if (counts[i] === 0) expect(share).toBe(0);
      // An entry's grid is right to half a step on each of its two sides; a share is made of at most all of them.
      expect(Math.abs(share - weights[i] / total)).toBeLessThan(2 / 4096);
    });
  });

  test("draws pass a chi-square test", () => {
    const counts = Float64Array.from({ length: 50 }, (_, i) => 1000 / (i + 1));
    const total = counts.reduce((sum, each) => sum + each ** 0.75, 0);
    const numDraws = 200_000;
    const found = new Float64Array(50);
    for (const index of new AliasSampler(counts).sample(new Generator(7), new Uint32Array(numDraws))) found[index]++;
    const chiSquare = found.reduce((sum, observed, i) => {
      const expected = (numDraws * counts[i] ** 0.75) / total;
      return sum + (observed - expected) ** 2 / expected;
    }, 0);
    expect(chiSquare).toBeGreaterThan(23.98); // 49 degrees of freedom: 99.8 % of all lie between
    expect(chiSquare).toBeLessThan(85.35);
  });

  test("one seed, one stream, however it is cut; two numbers a draw", () => {
    const sampler = new AliasSampler(Uint32Array.from({ length: 1000 }, (_, i) => i * i));
    const all = sampler.sample(new Generator(3), new Uint32Array(9));
    const generator = new Generator(3);
    const parts = [4, 0, 5].flatMap((length) => [...sampler.sample(generator, new Uint32Array(length))]);
    expect(parts).toEqual([...all]);
    expect([...all]).toEqual(known);
    const other = new Generator(3);
    for (let i = 0; i < 18; i++) other.uint32();
    expect(generator.uint32()).toBe(other.uint32());
  });

  test("one count, counts that overwhelm, many counts", () => {
    expect([...new AliasSampler([5]).sample(new Generator(1), new Uint32Array(3))]).toEqual([0, 0, 0]);
    const lopsided = new AliasSampler([0, 2 ** 53, 1e-300], { power: 1 });
    expect(new Set(lopsided.sample(new Generator(1), new Uint32Array(1000)))).toEqual(new Set([1]));
    const many = new AliasSampler(new Uint8Array(3_000_000).fill(1));
    const drawn = many.sample(new Generator(1), new Uint32Array(10_000));
    expect(Math.max(...drawn)).toBeLessThan(3_000_000);
    expect(new Set(drawn).size).toBeGreaterThan(9900);
  });

  const type = "TypeError [ERR_INVALID_ARG_TYPE]";
  const range = "RangeError [ERR_OUT_OF_RANGE]";
  const cases: Record<string, () => unknown> = {
    [`${type}: counts is 3, expected numbers in an array or a typed array`]: () => new AliasSampler(any(3)),
    [`${type}: counts is BigInt64Array(1), expected numbers in an array or a typed array`]: () =>
      new AliasSampler(any(new BigInt64Array(1))),
    "RangeError [ERR_INVALID_LENGTH]: counts.length is 0, expected 1 to 2147483647": () => new AliasSampler([]),
    [`${range}: counts are all 0, expected one above 0`]: () => new AliasSampler([0, 0]),
    [`${range}: counts[1] is -1, expected a number in [0, 2^53]`]: () => new AliasSampler([1, -1]),
    [`${range}: counts[0] is NaN, expected a number in [0, 2^53]`]: () => new AliasSampler([Number.NaN]),
    [`${range}: counts[2] is Infinity, expected a number in [0, 2^53]`]: () =>
      new AliasSampler(Float32Array.of(1, 2, Number.POSITIVE_INFINITY)),
    [`${type}: counts[1] is "2", expected a number in [0, 2^53]`]: () => new AliasSampler(any([1, "2"])),
    [`${range}: power is 1.5, expected a number in [0, 1]`]: () => new AliasSampler([1], { power: 1.5 }),
    [`${type}: power is "1", expected a number in [0, 1]`]: () => new AliasSampler([1], { power: any("1") }),
    [`${type}: options has "exponent", expected only power`]: () => new AliasSampler([1], any({ exponent: 1 })),
    [`${type}: generator is null, expected a Generator`]: () =>
      new AliasSampler([1]).sample(any(null), new Uint32Array(1)),
    [`${type}: out is Int32Array(1), expected a Uint32Array`]: () =>
      new AliasSampler([1]).sample(new Generator(1), any(new Int32Array(1))),
  };
  test.each(Object.entries(cases))("%s", (refusal, call) => expect(refusalOf(call)).toBe(refusal));
});

/** Drawn once and written down: any engine and any later version draws these. */
const known = [550, 709, 290, 510, 892, 896, 125, 894, 728];
