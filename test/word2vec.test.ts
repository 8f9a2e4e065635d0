import { describe, expect, test } from "vitest";
import { Generator } from "../src/random/generator.js";
import { AliasTable } from "../src/text/word2vec/aliasTable.js";
import { Draws } from "../src/text/word2vec/draws.js";
import { type TupleLists, type TupleOptions, Tuples } from "../src/text/word2vec/tuples.js";
import { Word2Vec } from "../src/text/word2vec/word2vec.js";
import { bitsOf } from "./conformance/bits.js";
import { Random } from "./conformance/cases.js";

describe("draws", () => {
  test("are sfc32, as it is written in BigInt from its definition", () => {
    const generator = new Generator(9);
    const word = (x: bigint) => BigInt.asUintN(32, x);
    let [a, b, c] = [generator.uint32(), generator.uint32(), generator.uint32()].map(BigInt);
    let counter = 1n;
    const expected = Array.from({ length: 3000 }, () => {
      const drawn = word(a + b + counter);
      counter = word(counter + 1n);
      a = b ^ (b >> 9n);
      b = word(c + (c << 3n));
      c = word((word(c << 21n) | (c >> 11n)) + drawn);
      return Number(drawn);
    });
    const draws = new Draws(new Generator(9));
    const drawn = Array.from({ length: 3000 - 1024 }, () => draws.draw() >>> 0);
    expect(drawn).toEqual(expected.slice(1024)); // the first block is passed over
  });

  test("go on from any state", () => {
    const draws = new Draws(new Generator(1));
    for (const count of [0, 1, 1000, 23, 1024, 5000]) {
      for (let i = 0; i < count; i++) draws.draw();
      const again = new Draws(new Generator(2));
      again.state = JSON.parse(JSON.stringify(draws.state));
      expect(again.state).toEqual(draws.state);
      const next = (from: Draws) => Array.from({ length: 2000 }, () => from.draw());
      expect(next(again)).toEqual(next(draws));
    }
  });
});

describe("AliasTable", () => {
  /** How often each index is drawn by words spread evenly. */
  function drawn(weights: number[], count = 2 ** 20): number[] {
    const table = new AliasTable(Float64Array.from(weights));
    const counts = weights.map(() => 0);
    for (let i = 0; i < count; i++) counts[table.pick((i * (2 ** 32 / count)) | 0)]++;
    return counts.map((each) => each / count);
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
    drawn(weights).forEach((share, i) => {
      expect(share).toBeCloseTo(weights[i] / total, 4);
      if (weights[i] === 0) expect(share).toBe(0);
    });
  });

  test("draws nothing of weight 0 and nothing outside, whatever is drawn", () => {
    const random = new Random(3);
    for (let round = 0; round < 50; round++) {
      const weights = Float64Array.from({ length: 1 + random.below(40) }, () => random.of([0, 0, 1, random.uint32()]));
      weights[random.below(weights.length)] = 1;
      const table = new AliasTable(weights);
      for (const word of [
        0,
        1,
        -1,
        2 ** 31 - 1,
        -(2 ** 31),
        ...Array.from({ length: 999 }, () => random.uint32() | 0),
      ]) {
        if (!(weights[table.pick(word)] > 0)) throw new Error(`${word} draws ${table.pick(word)} of ${weights}`);
      }
    }
  });
});

/** A text of 100 lines of up to 30 words, two of which are everywhere; 0 is never in it and 1 ends a line. */
function textOf(numIds: number): TupleOptions {
  const random = new Random(numIds);
  const tokens: number[] = [];
  for (let line = 0; line < 100; line++) {
    for (let i = random.below(31); i > 0; i--) tokens.push(2 + random.below(random.of([2, numIds - 2])));
    tokens.push(1);
  }
  const counts = new Uint32Array(numIds);
  for (const token of tokens) counts[token]++;
  return {
    ...{ tokens: Uint32Array.from(tokens), counts, lineEnd: 1 },
    ...{ epochs: 3, window: 4, negatives: 5, subsample: 0, lr: 0.05 },
  };
}

function listsOf(size: number, { window, negatives }: TupleOptions): TupleLists {
  return {
    inputs: new Uint32Array(size + 2 * window),
    offsets: new Uint32Array(size + 2 * window + 1),
    outputs: new Uint32Array((size + 2 * window) * (1 + negatives)),
    lr: new Float32Array(size + 2 * window),
  };
}

const kinds = ["fillSkipGram", "fillCbow"] as const;

/** All tuples of a text, or those until the lists were filled so often, each as its bag, its outputs and its rate. */
function tuplesOf(tuples: Tuples, fill: (typeof kinds)[number], options: TupleOptions, size = 500, fills = Infinity) {
  const lists = listsOf(size, options);
  const all: { bag: number[]; outputs: number[]; lr: number }[] = [];
  const width = 1 + options.negatives;
  for (let i = 0; i < fills; i++) {
    const count = tuples[fill](lists);
    if (count === 0) break;
    for (let t = 0; t < count; t++) {
      const [from, end] = fill === "fillCbow" ? [lists.offsets[t], lists.offsets[t + 1]] : [t, t + 1];
      const outputs = Array.from(lists.outputs.subarray(t * width, (t + 1) * width));
      all.push({ bag: Array.from(lists.inputs.subarray(from, end)), outputs, lr: lists.lr[t] });
    }
  }
  return all;
}

describe.each(kinds)("tuples, %s", (fill) => {
  const options = textOf(40);

  test("are the same however they are cut into batches", () => {
    const expected = tuplesOf(new Tuples(options, new Generator(1)), fill, options);
    expect(expected.length).toBeGreaterThan(fill === "fillCbow" ? 3000 : 10_000);
    for (const size of [1, 7, 64, 5000, 100_000]) {
      expect(tuplesOf(new Tuples(options, new Generator(1)), fill, options, size)).toEqual(expected);
    }
    expect(tuplesOf(new Tuples(options, new Generator(2)), fill, options)).not.toEqual(expected);
  });

  test("go on from the state between any two sentences", () => {
    const expected = tuplesOf(new Tuples(options, new Generator(1)), fill, options);
    const tuples = new Tuples(options, new Generator(1));
    const lists = listsOf(1, options);
    let done = 0;
    let states = 0;
    for (let i = 0; ; i++) {
      const count = tuples[fill](lists, i % 20 === 0);
      if (count === 0 && tuples.epoch === options.epochs) break;
      done += count;
      if (i % 60 !== 0 || !tuples.betweenSentences) continue;
      states++;
      const again = new Tuples(options, new Generator(7));
      again.state = JSON.parse(JSON.stringify(tuples.state));
      expect(tuplesOf(again, fill, options)).toEqual(expected.slice(done));
    }
    expect(done).toBe(expected.length);
    expect(states).toBeGreaterThan(5);
  });

  test("reach no further than the window and the line, evenly far; negatives are not the target", () => {
    // Words that come up once tell where a tuple is from.
    const tokens = Uint32Array.from({ length: 3000 }, (_, i) => (i % 30 === 29 ? 1 : i + 2));
    const counts = new Uint32Array(3002).fill(1);
    counts[0] = 0;
    const text = { ...options, tokens, counts, epochs: 1 };
    const reaches = new Array(5).fill(0);
    let [repeated, foreign] = [0, 0];
    for (const { bag, outputs } of tuplesOf(new Tuples(text, new Generator(3)), fill, text)) {
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
    const all = tuplesOf(new Tuples(options, new Generator(1)), fill, options);
    expect(all[0].lr).toBe(Math.fround(0.05));
    expect(all.every(({ lr }, t) => t === 0 || lr <= all[t - 1].lr)).toBe(true);
    expect(Math.max(...all.map(({ lr }, t) => Math.abs(lr / 0.05 - (1 - t / all.length))))).toBeLessThan(0.03);
    expect(all.at(-1)!.lr).toBeLessThan(0.0005);
  });

  test("subsampling keeps a word with probability sqrt(t / f) + t / f", () => {
    const text = { ...options, subsample: 0.01, epochs: 40, window: 1, negatives: 1 };
    const total = options.tokens.filter((token) => token !== 1).length;
    const seen = new Map<number, number>();
    const tuples = new Tuples(text, new Generator(4));
    // Every kept word that has a neighbor is the middle of one window: the target of cbow.
    for (const { bag, outputs } of tuplesOf(tuples, "fillCbow", text)) {
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
    expect(tuplesOf(new Tuples(lonely, new Generator(1)), fill, lonely).length).toBeGreaterThan(0);
    const long = { ...options, tokens: Uint32Array.from({ length: 2500 }, (_, i) => 2 + (i % 38)), window: 1 };
    const perEpoch = tuplesOf(new Tuples(long, new Generator(1)), fill, long).length / 3;
    expect(perEpoch).toBe(fill === "fillCbow" ? 2500 : 2 * (2500 - 3)); // three pieces: six words at an end
  });
});

describe("Word2Vec", () => {
  test("the bits depend on neither the size of batches nor the machine: a golden sum", () => {
    const options = textOf(40);
    const sums = (["skipgram", "cbow"] as const).map((model) => {
      using trained = new Word2Vec({ ...options, subsample: 0.01, model, dim: 20, generator: new Generator(1) });
      while (!trained.finished) trained.step();
      return bitsOf(trained.input.weight.data).reduce((sum, bits) => (Math.imul(sum, 31) + bits) | 0, 0);
    });
    expect(sums).toEqual([-1081858726, 511915406]);
  });
});
