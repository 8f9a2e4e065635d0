import { drawing, type Kernels, longestSentence, maxRows } from "../../src/backend/backend.js";
import { Random } from "./cases.js";
import type { Placed } from "./placed.js";

/** A text, and how its tuples are drawn: what drawSkipGram and drawCbow take beside state and lists. */
export interface Text {
  readonly tokens: Uint32Array;
  readonly lineEnd: number;
  readonly keep: Uint32Array;
  readonly buckets: Uint32Array;
  readonly numEmbeddings: number;
  readonly window: number;
  readonly numNegatives: number;
}

/** The learning rate's numbers: an epoch behind, of two. */
const rates = (numTokens: number) => [0.05, numTokens, 2 * numTokens] as const;

/** Lines of all lengths, the empty one and one that is cut among them; the last is not closed. */
export function textOf(seed: number, changes: Partial<Text> = {}): Text {
  const random = new Random(seed);
  const { numEmbeddings = 29, lineEnd = maxRows } = changes;
  const tokens: number[] = [];
  for (const length of [0, 1, 2, 9, 0, 40, 1100, 1000, 1, 17, 25]) {
    if (tokens.length > 0) tokens.push(lineEnd);
    for (let i = 0; i < length; i++) tokens.push(random.below(numEmbeddings));
  }
  return {
    ...{ tokens: Uint32Array.from(tokens), lineEnd, numEmbeddings, window: 5, numNegatives: 5 },
    keep: Uint32Array.from({ length: numEmbeddings }, () => random.of([0, 2 ** 30, 2 ** 31, random.uint32() >>> 1])),
    buckets: Uint32Array.from({ length: 2 * numEmbeddings }, (_, i) =>
      i % 2 === 0 ? random.of([0, 2 ** 31, random.uint32() >>> 1]) : random.below(numEmbeddings),
    ),
    ...changes,
  };
}

/** Where the sentence that a token is in begins. */
export function sentenceOf({ tokens, lineEnd }: Text, at: number): number {
  const line = tokens.lastIndexOf(lineEnd, at - 1) + 1;
  return at === 0 ? 0 : line + Math.floor((at - line) / longestSentence) * longestSentence;
}

/** A state at a text's beginning. */
export function beginning(seed = 1): Uint32Array {
  const random = new Random(seed);
  const state = new Uint32Array(drawing.sentence + longestSentence);
  for (let i = 0; i < 4; i++) state[i] = random.uint32();
  return state;
}

/** Memory for a batch, full of what no kernel writes. */
export function listsFor({ numNegatives }: Text, maxInputs: number, maxTuples: number) {
  const list = (length: number) => new Uint32Array(length).fill(0xfeedbeef);
  const lr = new Float32Array(maxTuples).fill(7);
  return [list(maxInputs), list(maxTuples + 1), list(maxTuples * (1 + numNegatives)), lr] as const;
}

/** State, tokens, keep, buckets, inputs, offsets, outputs and rates: the arrays of a call in the order in which they are placed. */
type Words = Uint32Array;
type Arrays = readonly [Words, Words, Words, Words, Words, Words, Words, Float32Array];

export function valuesOf(
  { tokens, keep, buckets }: Text,
  state: Uint32Array,
  lists: ReturnType<typeof listsFor>,
): Arrays {
  return [state, tokens, keep, buckets, ...lists] as const;
}

export function arraysOf(placed: readonly Placed[]): Arrays {
  const [state, tokens, keep, buckets, inputs, offsets, outputs] = placed.map((each) => each.words);
  return [state, tokens, keep, buckets, inputs, offsets, outputs, placed[7].floats];
}

/** Calls a kernel. */
export function draw(
  kernels: Kernels,
  kind: "drawSkipGram" | "drawCbow",
  text: Text,
  [state, tokens, keep, buckets, inputs, offsets, outputs, lr]: Arrays,
  maxInputs: number,
  maxTuples: number,
  numTokens = text.tokens.length,
): number {
  const { lineEnd, numEmbeddings, window, numNegatives } = text;
  const from = [state, tokens, numTokens, lineEnd, keep, buckets, numEmbeddings, window, numNegatives] as const;
  const rate = rates(text.tokens.length);
  return kind === "drawSkipGram"
    ? kernels.drawSkipGram(...from, ...rate, inputs, outputs, lr, maxTuples)
    : kernels.drawCbow(...from, ...rate, inputs, maxInputs, offsets, outputs, lr, maxTuples);
}

/** A tuple as a line: inputs > outputs @ rate. */
export function tuplesIn(
  kind: "drawSkipGram" | "drawCbow",
  { numNegatives }: Text,
  [, , , , inputs, offsets, outputs, lr]: Arrays,
  count: number,
): string[] {
  return Array.from({ length: count }, (_, t) => {
    const [from, end] = kind === "drawCbow" ? [offsets[t], offsets[t + 1]] : [t, t + 1];
    const list = outputs.subarray(t * (1 + numNegatives), (t + 1) * (1 + numNegatives));
    return `${inputs.subarray(from, end)} > ${list} @ ${lr[t]}`;
  });
}

/** The same of a whole text, written from the definition: arrays of sentences and windows, BigInt where words are multiplied. */
export function byDefinition(kind: "drawSkipGram" | "drawCbow", text: Text, state: Uint32Array): string[] {
  const { tokens, lineEnd, keep, buckets, numEmbeddings, window, numNegatives } = text;
  const word = (x: bigint) => BigInt.asUintN(32, x);
  let [a, b, c, counter] = Array.from(state.subarray(0, 4), BigInt);
  const next = () => {
    const drawn = word(a + b + counter);
    counter = word(counter + 1n);
    a = b ^ (b >> 9n);
    b = word(c * 9n);
    c = word((word(c << 21n) | (c >> 11n)) + drawn);
    return drawn;
  };
  const alias = () => {
    const product = next() * BigInt(numEmbeddings);
    const bucket = Number(product >> 32n);
    return word(product) >> 1n < buckets[2 * bucket] ? bucket : buckets[2 * bucket + 1];
  };
  const all: string[] = [];
  for (let start = 0; start < tokens.length; ) {
    const found = tokens.subarray(start, start + longestSentence).indexOf(lineEnd);
    const end = found >= 0 ? start + found : Math.min(tokens.length, start + longestSentence);
    const sentence = Array.from(tokens.subarray(start, end)).filter((token) => next() >> 1n < keep[token]);
    const [first, behind, inAll] = rates(tokens.length);
    const rate = Math.fround(first * Math.max(1e-4, 1 - (behind + start) / inAll));
    const add = (inputs: number[], target: number) => {
      const outputs = [target];
      for (let k = 0; k < numNegatives; k++) {
        let pick = alias();
        for (let again = 0; again < 8 && pick === target; again++) pick = alias();
        outputs.push(pick);
      }
      all.push(`${inputs} > ${outputs} @ ${rate}`);
    };
    sentence.forEach((middle, i) => {
      const reach = 1 + Number(((next() >> 16n) * BigInt(window)) >> 16n);
      const around = sentence.filter((_, j) => j !== i && Math.abs(j - i) <= reach);
      if (kind === "drawSkipGram") for (const each of around) add([middle], each);
      else if (around.length > 0) add(around, middle);
    });
    start = found >= 0 ? end + 1 : end;
  }
  return all;
}
