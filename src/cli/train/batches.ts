/** A text as examples: which words stand before which, in what order they come up, and which are kept back. */
import { rangeError } from "../../errors.js";
import type { Generator } from "../../index.js";

/** One in so many examples is kept back, to measure on what was never trained on. */
const heldOutPart = 20;

/** Some examples side by side. The arrays are views that the next batch overwrites. */
export interface Batch {
  /** n x context ids, each row the words before a target in the order of the text. */
  readonly windows: Uint32Array;
  /** n ids: the words to predict. */
  readonly targets: Uint32Array;
}

/** The examples of a text by number: example i is the words i … i + context - 1 and, as its target, the word behind them. */
export interface Split {
  /** Examples [0, numTraining) are trained on. */
  readonly numTraining: number;
  /** Examples [numTraining, numExamples) are held out: the end of the text, so that no target of theirs is trained on. */
  readonly numExamples: number;
}

/**
 * Keeps back the last twentieth of a text's examples.
 *
 * @throws RangeError [ERR_OUT_OF_RANGE] the text has no word with `context` words before it.
 */
export function splitExamples(numTokens: number, context: number): Split {
  const numExamples = numTokens - context;
  if (numExamples < 1) {
    const expected = `expected more than --context, which is ${context}: take a longer text or a shorter context`;
    throw rangeError("ERR_OUT_OF_RANGE", `text has ${numTokens} words with the ends of its lines, ${expected}`);
  }
  return { numTraining: numExamples - Math.floor(numExamples / heldOutPart), numExamples };
}

/**
 * The integers [0, n) in random order, one draw for each but the last: `torch.randperm(n, generator=generator)`, number for
 * number, for n below 2 ** 32 / 20.
 *
 * @example
 * import { Generator } from "nn-embedding";
 * import { randomOrder } from "./batches.js";
 * randomOrder(4, new Generator(0)); // => Uint32Array [0, 1, 3, 2]
 */
export function randomOrder(n: number, generator: Generator): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = 0; i < n - 1; i++) {
    const j = i + (generator.uint32() % (n - i));
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  return order;
}

/** Cuts the examples of a text into batches, in the order given; the last batch may be smaller. */
export function* batches(tokens: Uint32Array, context: number, examples: Uint32Array, batch: number): Iterable<Batch> {
  const most = Math.min(batch, examples.length);
  const windows = new Uint32Array(most * context);
  const targets = new Uint32Array(most);
  for (let start = 0; start < examples.length; start += batch) {
    const n = Math.min(batch, examples.length - start);
    for (let i = 0; i < n; i++) {
      const first = examples[start + i];
      for (let c = 0; c < context; c++) windows[i * context + c] = tokens[first + c];
      targets[i] = tokens[first + context];
    }
    yield n === most
      ? { windows, targets }
      : { windows: windows.subarray(0, n * context), targets: targets.subarray(0, n) };
  }
}
