import { describe, expect, test } from "vitest";
import { sfc32 } from "../src/backend/js/sfc32.js";
import { allKernels } from "../src/cli/kernels.js";
import { Embedding } from "../src/index.js";
import { Generator } from "../src/random/generator.js";
import { aliasBuckets, type TupleOptions, Tuples } from "../src/text/word2vec/tuples.js";
import { Word2Vec } from "../src/text/word2vec/word2vec.js";
import { bitsOf } from "./conformance/bits.js";
import { Random } from "./conformance/cases.js";
import { beginning, draw, textOf as drawnText, listsFor, valuesOf } from "./conformance/drawnTexts.js";
import { onEveryImplementation } from "./conformance/implementations.js";
import { any, refusalOf } from "./refusals.js";

test("sfc32 is as it is written in BigInt from its definition", () => {
  const word = (x: bigint) => BigInt.asUintN(32, x);
  const state = Uint32Array.of(0x9e3779b9, 0xfffffff0, 7, 0xfffffc00);
  let [a, b, c, counter] = Array.from(state, BigInt);
  for (let i = 0; i < 3000; i++) {
    const drawn = word(a + b + counter);
    counter = word(counter + 1n);
    a = b ^ (b >> 9n);
    b = word(c + (c << 3n));
    c = word((word(c << 21n) | (c >> 11n)) + drawn);
    expect(sfc32(state) >>> 0).toBe(Number(drawn));
  }
  expect(Array.from(state, BigInt)).toEqual([a, b, c, counter]);
});

describe("aliasBuckets", () => {
  /** With what probability each index is drawn. */
  function drawn(weights: Float64Array): number[] {
    const buckets = aliasBuckets(weights);
    const shares = Array.from(weights, () => 0);
    for (let bucket = 0; bucket < weights.length; bucket++) {
      const own = buckets[2 * bucket] / 2 ** 31;
      expect(own).toBeLessThanOrEqual(1);
      shares[bucket] += own / weights.length;
      shares[buckets[2 * bucket + 1]] += (1 - own) / weights.length;
    }
    return shares;
  }

  test.each([
    [[1]],
    [[0, 0, 5]],
    [[1, 1, 1]],
    [[0, 1, 2, 3, 4]],
    [[1e-9, 1, 0, 1e9]],
    [[0.1, 0.7, 0.2]],
    [Array.from({ length: 30 }, (_, i) => 30 - i)],
  ])("draws in proportion to the weights, %j", (weights) => {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    drawn(Float64Array.from(weights)).forEach((share, i) => {
      expect(share).toBeCloseTo(weights[i] / total, 8);
      if (weights[i] === 0) expect(share).toBe(0);
    });
  });

  test("draws nothing of weight 0, whatever the weights; very many may be alike", () => {
    const random = new Random(3);
    for (let round = 0; round < 200; round++) {
      const weights = Float64Array.from({ length: 1 + random.below(40) }, () => random.of([0, 0, 1, random.uint32()]));
      weights[random.below(weights.length)] = 1;
      drawn(weights).forEach((share, i) => {
        if (weights[i] === 0) expect(share).toBe(0);
      });
    }
    const alike = aliasBuckets(new Float64Array(200_000).fill(3));
    expect(alike.every((word, i) => i % 2 === 0 || word === i >> 1)).toBe(true);
  });
});

/** A text of lines of up to 30 words, two of which are everywhere; 0 is never in it and 1 ends a line. */
function textOf(model: TupleOptions["model"], numIds = 40, numLines = 100): TupleOptions {
  const random = new Random(numIds);
  const tokens: number[] = [];
  for (let line = 0; line < numLines; line++) {
    for (let i = random.below(31); i > 0; i--) tokens.push(2 + random.below(random.of([2, numIds - 2])));
    tokens.push(1);
  }
  const counts = new Uint32Array(numIds);
  for (const token of tokens) counts[token]++;
  return {
    ...{ model, tokens: Uint32Array.from(tokens), counts, lineEnd: 1 },
    ...{ epochs: 3, window: 4, negatives: 5, subsample: 0, lr: 0.05 },
  };
}

const { backend } = new Embedding(1, 1, { backend: "js" }).weight;

/** What is left of the tuples, each as its bag, its outputs and its rate. Every other call stops at the end of a sentence. */
function tuplesOf(tuples: Tuples, { model, negatives, epochs }: TupleOptions, atState = (_done: number) => {}) {
  const all: { bag: number[]; outputs: number[]; lr: number }[] = [];
  const width = 1 + negatives;
  for (let i = 1; tuples.epoch < epochs; i++) {
    const { tuples: count, inputs, offsets, outputs, lr } = tuples.next(i % 2 === 0 && !tuples.betweenSentences);
    for (let t = 0; t < count; t++) {
      const [from, end] = model === "cbow" ? [offsets[t], offsets[t + 1]] : [t, t + 1];
      const list = Array.from(outputs.subarray(t * width, (t + 1) * width));
      all.push({ bag: Array.from(inputs.subarray(from, end)), outputs: list, lr: lr[t] });
    }
    if (tuples.betweenSentences) atState(all.length);
  }
  return all;
}

const make = (options: TupleOptions, seed: number) => new Tuples(options, new Generator(seed), backend);

describe.each(["skipgram", "cbow"] as const)("tuples, %s", (model) => {
  const options = textOf(model);

  test("depend on the seed and go on from the state between any two sentences", () => {
    const long = textOf(model, 40, 600);
    const tuples = make(long, 1);
    const states: { done: number; state: string }[] = [];
    const expected = tuplesOf(tuples, long, (done) => states.push({ done, state: JSON.stringify(tuples.state) }));
    expect(expected.length).toBeGreaterThan(model === "cbow" ? 20_000 : 60_000);
    expect(states.length).toBeGreaterThan(9);
    for (const { done, state } of states.filter((_, i) => i % 12 === 0)) {
      const again = make(long, 7);
      again.state = JSON.parse(state);
      expect(JSON.stringify(tuplesOf(again, long)) === JSON.stringify(expected.slice(done)), state).toBe(true);
    }
    expect(tuplesOf(make(long, 2), long).slice(0, 99)).not.toEqual(expected.slice(0, 99));
  });

  test("begin where the seed says: three words of the generator, mixed 1,024 times", () => {
    const generator = new Generator(1);
    const state = Uint32Array.of(generator.uint32(), generator.uint32(), generator.uint32(), 1);
    for (let i = 0; i < 1024; i++) sfc32(state);
    expect(make(options, 1).state).toEqual({ epoch: 0, position: 0, draws: Array.from(state) });
  });

  test("a token without a count is refused", () => {
    const tokens = Uint32Array.of(2, 3, 40, 1);
    expect(() => make({ ...options, tokens }, 1)).toThrow("tokens[2] is 40, expected an integer in [0, 40)");
  });

  test("reach no further than the window and the line, evenly far; negatives are not the target", () => {
    // Words that come up once tell where a tuple is from.
    const tokens = Uint32Array.from({ length: 3000 }, (_, i) => (i % 30 === 29 ? 1 : i + 2));
    const counts = new Uint32Array(3002).fill(1);
    counts[0] = 0;
    const text = { ...options, tokens, counts, epochs: 1 };
    const reaches = new Array(5).fill(0);
    let [repeated, foreign] = [0, 0];
    for (const { bag, outputs } of tuplesOf(make(text, 3), text)) {
      for (const word of bag) {
        const sameLine = Math.floor((word - 2) / 30) === Math.floor((outputs[0] - 2) / 30);
        reaches[sameLine ? Math.abs(word - outputs[0]) : 9]++;
      }
      if (outputs.lastIndexOf(outputs[0]) > 0) repeated++;
      if (outputs.some((word) => counts[word] === 0 || word === 1)) foreign++;
    }
    expect([repeated, foreign, reaches[0], reaches.length]).toEqual([0, 0, 0, 5]); // no distance above 4
    for (const distance of [1, 2, 3, 4]) {
      // Reached by the windows of at least this size, of 4 sizes, from both sides, less what the ends of lines cut off.
      const expected = ((5 - distance) / 4) * 2 * 100 * (29 - distance);
      expect(reaches[distance] / expected).toBeCloseTo(1, 1);
    }
  });

  test("the learning rate falls in a straight line, to next to nothing", () => {
    const all = tuplesOf(make(options, 1), options);
    expect(all[0].lr).toBe(Math.fround(0.05));
    expect(all.every(({ lr }, t) => t === 0 || lr <= all[t - 1].lr)).toBe(true);
    expect(Math.max(...all.map(({ lr }, t) => Math.abs(lr / 0.05 - (1 - t / all.length))))).toBeLessThan(0.03);
    expect(all.at(-1)!.lr).toBeLessThan(0.0005);
  });

  test("subsampling keeps a word with probability sqrt(t / f) + t / f", () => {
    const text = { ...options, model: "cbow", subsample: 0.01, epochs: 40, window: 1, negatives: 1 } as const;
    const total = options.tokens.filter((token) => token !== 1).length;
    const seen = new Map<number, number>();
    // Every kept word that has a neighbor is the middle of one window: the target of cbow.
    for (const { bag, outputs } of tuplesOf(make(text, 4), text)) {
      if (bag.length === 0) throw new Error("a window without words");
      seen.set(outputs[0], (seen.get(outputs[0]) ?? 0) + 1 / 40);
    }
    for (const id of [2, 3]) {
      const ratio = (0.01 * total) / options.counts[id];
      const kept = options.counts[id] * (Math.sqrt(ratio) + ratio);
      expect(seen.get(id)! / kept).toBeGreaterThan(0.93);
      expect(seen.get(id)! / kept).toBeLessThan(1.03);
    }
  });

  test("a text of one word finds an end, a long line is cut", () => {
    const lonely = { ...options, tokens: Uint32Array.of(2, 2, 2, 2, 2), counts: Uint32Array.of(0, 0, 5) };
    expect(tuplesOf(make(lonely, 1), lonely).length).toBeGreaterThan(0);
    const long = { ...options, tokens: Uint32Array.from({ length: 2500 }, (_, i) => 2 + (i % 38)), window: 1 };
    const perEpoch = tuplesOf(make(long, 1), long).length / 3;
    expect(perEpoch).toBe(model === "cbow" ? 2500 : 2 * (2500 - 3)); // three pieces: six words at an end
  });
});

describe("Word2Vec", () => {
  test("the bits depend on neither the size of batches nor the machine: a golden sum", () => {
    const sums = (["skipgram", "cbow"] as const).map((model) => {
      using trained = new Word2Vec({ ...textOf(model), subsample: 0.01, dim: 20, generator: new Generator(1) });
      while (!trained.finished) trained.step();
      return bitsOf(trained.input.weight.data).reduce((sum, bits) => (Math.imul(sum, 31) + bits) | 0, 0);
    });
    expect(sums).toEqual([-1081858726, 511915406]);
  });
});

/** What cannot be drawn is refused in the same words on every backend: by Tuples, and by the native door, which looks for itself. */
onEveryImplementation(({ backend }) => {
  const ofRange = "RangeError [ERR_OUT_OF_RANGE]:";
  const tuples = (changes: object) =>
    new Tuples(
      {
        ...{ model: "skipgram", tokens: Uint32Array.of(0, 1), lineEnd: 9, counts: Uint32Array.of(1, 1), epochs: 1 },
        ...{ window: 5, negatives: 5, subsample: 0, lr: 0.1, ...changes },
      },
      new Generator(1),
      backend,
    );
  const kernel = (changes: object, place?: number, value = 0) => {
    const text = drawnText(1, changes);
    const state = beginning();
    if (place !== undefined) state[place] = value;
    const arrays = valuesOf(text, state, listsFor(drawnText(1), 100, 100));
    const before = arrays.map((each) => each.slice());
    for (const kind of ["drawSkipGram", "drawCbow"] as const) draw(allKernels(backend), kind, text, arrays, 100, 100);
    expect(arrays).toEqual(before);
  };

  test.each([0, 1001, 2.5, -1])("a window of %d", (window) => {
    const refusal = `${ofRange} window is ${window}, expected an integer in [1, 1000]`;
    expect(refusalOf(() => tuples({ window }))).toBe(refusal);
    if (backend.name === "native") expect(refusalOf(() => kernel({ window }))).toBe(refusal);
  });

  test.each([-1, 64])("%i negatives", (negatives) => {
    const told = `is ${negatives}, expected an integer in [0, 63]`;
    expect(refusalOf(() => tuples({ negatives }))).toBe(`${ofRange} negatives ${told}`);
    if (backend.name !== "native") return;
    expect(refusalOf(() => kernel({ numNegatives: negatives }))).toBe(`${ofRange} numNegatives ${told}`);
  });

  test("a window of another kind", () => {
    const refusal = 'TypeError [ERR_INVALID_ARG_TYPE]: window is "5", expected an integer in [1, 1000]';
    expect(refusalOf(() => tuples({ window: any("5") }))).toBe(refusal);
  });

  test.runIf(backend.name === "native")("a state that leads outside itself", () => {
    expect(refusalOf(() => kernel({}, 6, 1001))).toBe(`${ofRange} state[6] is 1001, expected an integer in [0, 1000]`);
    expect(refusalOf(() => kernel({}, 7, 3))).toBe(`${ofRange} state[7] is 3, expected an integer in [0, 0]`);
  });
});
