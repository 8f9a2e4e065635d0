import { describe, expect, test } from "vitest";
import { drawing, longestSentence, maxNegatives, noPadding } from "../../src/backend/backend.js";
import { specification } from "../../src/cli/kernels.js";
import { Random } from "./cases.js";
import {
  arraysOf,
  beginning,
  byDefinition,
  draw,
  listsFor,
  sentenceOf,
  type Text,
  textOf,
  tuplesIn,
  valuesOf,
} from "./drawnTexts.js";
import { onEveryImplementation } from "./implementations.js";
import { type Place, withPlaced } from "./placed.js";

const kinds = ["drawSkipGram", "drawCbow"] as const;

const texts: Readonly<Record<string, Text>> = {
  "29 words": textOf(1),
  "an end of lines among the words": textOf(2, { lineEnd: 1 }),
  "the least window, no negatives": textOf(2, { window: 1, numNegatives: 0 }),
  "the widest window, the most negatives": textOf(3, {
    ...{ window: longestSentence, numNegatives: maxNegatives },
    tokens: textOf(3).tokens.slice(0, 90),
  }),
  "two words": textOf(4, { numEmbeddings: 2, lineEnd: 5 }),
  "one word, which is all that can be drawn": textOf(5, {
    ...{ numEmbeddings: 1, lineEnd: noPadding },
    ...{ keep: Uint32Array.of(2 ** 31), buckets: Uint32Array.of(2 ** 31, 0) },
  }),
  "a word that is drawn nearly always": textOf(6, {
    ...{ numEmbeddings: 3, lineEnd: 7, keep: new Uint32Array(3).fill(2 ** 31) },
    buckets: Uint32Array.of(2 ** 25, 2, 2 ** 25, 2, 2 ** 31, 2),
  }),
  "nothing is kept": textOf(7, { keep: new Uint32Array(29) }),
  "70,000 words": textOf(8, { numEmbeddings: 70_000 }),
  "no text": textOf(9, { tokens: new Uint32Array(0) }),
};

/** Where state, tokens, keep, buckets, inputs, offsets, outputs and rates lie. */
const placings: readonly (readonly Place[])[] = [
  ["home", "home", "home", "home", "home", "home", "home", "home"],
  ["own", "own", "own", "own", "own", "own", "own", "own"],
  ["home", "home", "home", "home", "home", "home", "own", "home"],
];

onEveryImplementation(({ backend, kernels }) => {
  describe.each(kinds)("%s", (kind) => {
    test.each(Object.entries(texts))("%s: the specification's tuples and state, however cut", (_, text) => {
      const { window } = text;
      const random = new Random(window);
      for (const maxTuples of [2 * window, 2 * window + 41, 2 * window + 9000]) {
        const maxInputs = kind === "drawCbow" ? random.of([2 * window, 3 * window + 7, 9 * maxTuples]) : maxTuples;
        const lawful = valuesOf(text, beginning(), listsFor(text, maxInputs, maxTuples));
        const values = valuesOf(text, beginning(), listsFor(text, maxInputs, maxTuples));
        withPlaced(random, backend, random.of(placings), values, (...placed) => {
          for (let call = 0; ; call++) {
            const expected = draw(specification, kind, text, lawful, maxInputs, maxTuples);
            expect(draw(kernels, kind, text, arraysOf(placed), maxInputs, maxTuples)).toBe(expected);
            // What is read, and the guards around it, cannot have changed unless it has at the end.
            for (const [i, each] of placed.entries()) {
              if ((i === 5 && kind === "drawSkipGram") || (expected > 0 && (i === 1 || i === 2 || i === 3))) continue;
              const array = lawful[i];
              each.expect(array instanceof Float32Array ? array : new Float32Array(array.buffer), `${i}, call ${call}`);
            }
            if (expected === 0) break;
          }
        });
      }
    });

    test("a token out of range ends it in front of its sentence, and nothing more is written or drawn", () => {
      const text = textOf(1);
      const [maxInputs, maxTuples] = [20_000, 15_000];
      for (const at of [0, 1, 57, 1090, text.tokens.length - 1]) {
        const start = sentenceOf(text, at);
        for (const value of [text.numEmbeddings, 0x80000000, noPadding]) {
          const spoiled = { ...text, tokens: text.tokens.map((token, i) => (i === at ? value : token)) };
          const cut = valuesOf(text, beginning(), listsFor(text, maxInputs, maxTuples));
          const expected = draw(specification, kind, text, cut, maxInputs, maxTuples, start);
          const values = valuesOf(spoiled, beginning(), listsFor(text, maxInputs, maxTuples));
          withPlaced(new Random(at), backend, placings[at % 2], values, (...placed) => {
            expect(draw(kernels, kind, spoiled, arraysOf(placed), maxInputs, maxTuples)).toBe(expected);
            const state = arraysOf(placed)[0];
            expect([...state.subarray(0, cut[0].length)]).toEqual([...cut[0]]);
            expect(state[drawing.position]).toBe(start);
            const before = placed.map((each, i) => each.floats.slice(0, values[i].length));
            expect(draw(kernels, kind, spoiled, arraysOf(placed), maxInputs, maxTuples)).toBe(0);
            // The first offset is written.
            for (const [i, each] of placed.entries()) if (i !== 5) each.expect(before[i], `array ${i}`);
          });
        }
      }
    });

    test("a sentence is finished when no more tokens are offered than are behind", () => {
      const text = textOf(1);
      const lists = listsFor(text, 2000, 60);
      const arrays = valuesOf(text, beginning(), lists);
      draw(kernels, kind, text, arrays, 2000, 60);
      const position = arrays[0][drawing.position];
      while (draw(kernels, kind, text, arrays, 2000, 60, position) > 0);
      expect(arrays[0][drawing.position]).toBe(position);
      expect(arrays[0][drawing.center]).toBe(arrays[0][drawing.length]);
    });
  });
});

describe("the specification", () => {
  test.each(kinds)("%s is what its definition says", (kind) => {
    let tuples = 0;
    for (const [name, text] of Object.entries(texts)) {
      const arrays = valuesOf(text, beginning(3), listsFor(text, 200_000, 60_000));
      const count = draw(specification, kind, text, arrays, 200_000, 60_000);
      expect(tuplesIn(kind, text, arrays, count), name).toEqual(byDefinition(kind, text, beginning(3)));
      tuples += count;
    }
    expect(tuples).toBeGreaterThan(5000);
  });
});
