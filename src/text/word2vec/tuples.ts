import { allocate } from "../../allocate.js";
import { type Backend, type Block, drawing, longestSentence, maxNegatives } from "../../backend/backend.js";
import { word2vecKernels } from "../../backend/families/word2vec.js";
import { firstOutside } from "../../backend/js/firstOutside.js";
import { sfc32 } from "../../backend/js/sfc32.js";
import { checkWhole } from "../../check.js";
import { rangeError } from "../../errors.js";
import { fillUp, raised } from "../../random/alias.js";
import type { Generator } from "../../random/generator.js";

/** Tuples that are drawn at a time, or a window more: below 512 the calls show, above 4,096 the lists leave the cache. */
const batchTuples = 2048;

/** Draws that sfc32 is mixed by before any is used: the seed shows in the first twelve. */
const mixingDraws = 1024;

/** How tuples are made of a text. */
export interface TupleOptions {
  readonly model: "skipgram" | "cbow";
  /** The text as ids, each line closed by `lineEnd`; it holds no id of words that are not trained. */
  readonly tokens: Uint32Array;
  /** The id that ends a line: windows do not reach over it, and it is not trained. */
  readonly lineEnd: number;
  /** How often each id stands in the text; those of 0 are never drawn as negatives. */
  readonly counts: Uint32Array;
  readonly epochs: number;
  /** The most words looked at on either side. */
  readonly window: number;
  readonly negatives: number;
  /** The threshold t of subsampling; 0 for none. */
  readonly subsample: number;
  /** Where the learning rate begins. */
  readonly lr: number;
}

/** Tuples in the backend's memory: see Kernels.stepSkipGram and stepCbow. */
export interface Batch {
  readonly tuples: number;
  readonly inputs: Uint32Array;
  /** Of the bag of words alone. */
  readonly offsets: Uint32Array;
  readonly outputs: Uint32Array;
  readonly lr: Float32Array;
}

/** Where the tuples of a text are, between two sentences. */
export interface TuplesState {
  readonly epoch: number;
  readonly position: number;
  /** The four words of sfc32. */
  readonly draws: readonly number[];
}

/**
 * The tuples that skip-gram and the bag of words learn from, in the order of the text, epoch after epoch (Mikolov et al. 2013,
 * "Distributed Representations of Words and Phrases and their Compositionality").
 *
 * Sentence by sentence: each word of frequency f is kept with probability sqrt(t / f) + t / f; around each kept word the window reaches
 * 1 … `window` words to either side, evenly drawn; negatives are drawn in proportion to counts^0.75. The learning rate falls linearly with
 * the position in the text. All of it is a function of the text, the options and the seed: what is drawn depends on integers alone, and
 * kernels draw it, where they work.
 */
export class Tuples {
  readonly #options: Omit<TupleOptions, "tokens" | "counts">;
  readonly #backend: Backend;
  readonly #numTokens: number;
  readonly #numIds: number;
  readonly #maxTuples: number;
  readonly #blocks: Readonly<
    Record<"tokens" | "keep" | "buckets" | "state" | "inputs" | "offsets" | "outputs" | "lr", Block>
  >;
  #epoch = 0;

  /**
   * @throws RangeError [ERR_OUT_OF_MEMORY], [ERR_INDEX_OUT_OF_RANGE] when a token has no count, or [ERR_OUT_OF_RANGE] when the window or the
   * number of negatives is none that kernels take.
   */
  constructor(options: TupleOptions, generator: Generator, backend: Backend) {
    const { tokens, counts, ...rest } = options;
    const { model, window, negatives } = rest;
    checkWhole("window", window, 1, longestSentence);
    checkWhole("negatives", negatives, 0, maxNegatives);
    const bad = firstOutside(tokens, tokens.length, counts.length);
    if (bad < tokens.length) {
      const expected = `expected an integer in [0, ${counts.length})`;
      throw rangeError("ERR_INDEX_OUT_OF_RANGE", `tokens[${bad}] is ${tokens[bad]}, ${expected}`);
    }
    this.#options = rest;
    this.#backend = backend;
    this.#numTokens = tokens.length;
    this.#numIds = counts.length;
    this.#maxTuples = batchTuples + 2 * window;
    const make = (name: string, count: number, values?: Uint32Array): Block => {
      const block = allocate(backend, name, [count, 1]);
      if (values !== undefined) block.u32().set(values);
      return block;
    };
    this.#blocks = {
      tokens: make("tokens", tokens.length, tokens),
      keep: make("keep", counts.length, keepParts(options)),
      buckets: make("buckets", 2 * counts.length, aliasBuckets(negativeWeights(options))),
      state: make("state", drawing.sentence + longestSentence, seeded(generator)),
      inputs: make("inputs", model === "cbow" ? this.#maxTuples * (window + 1) : this.#maxTuples),
      offsets: make("offsets", model === "cbow" ? this.#maxTuples + 1 : 0),
      outputs: make("outputs", this.#maxTuples * (1 + negatives)),
      lr: make("lr", this.#maxTuples),
    };
  }

  /** Epochs behind us; equal to the option when all is done. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Tokens of the text behind us, in this epoch. */
  get position(): number {
    return this.#blocks.state.u32()[drawing.position];
  }

  /** Whether the next tuple begins a sentence: only then is there a {@link state} to go on from. */
  get betweenSentences(): boolean {
    const state = this.#blocks.state.u32();
    return state[drawing.center] === state[drawing.length];
  }

  get state(): TuplesState {
    return { epoch: this.#epoch, position: this.position, draws: Array.from(this.#blocks.state.u32(0, 4)) };
  }

  set state({ epoch, position, draws }: TuplesState) {
    const state = this.#blocks.state.u32();
    this.#epoch = epoch;
    state.set(draws);
    state[drawing.position] = position;
    state[drawing.center] = state[drawing.length] = 0;
  }

  /**
   * Draws the next tuples: some 2,000, and none of the next epoch; with `finish` none of the next sentence.
   *
   * @returns views that hold until the next call; no tuples when the epoch is over (or the sentence).
   */
  next(finish = false): Batch {
    const { model, lineEnd, epochs, window, negatives, lr: firstLr } = this.#options;
    const kernels = this.#backend.kernels(word2vecKernels);
    const blocks = this.#blocks;
    const [inputs, offsets, outputs] = [blocks.inputs.u32(), blocks.offsets.u32(), blocks.outputs.u32()];
    const lr = blocks.lr.f32();
    const numTokens = finish ? this.position : this.#numTokens;
    const text = [blocks.state.u32(), blocks.tokens.u32(), numTokens, lineEnd] as const;
    const words = [blocks.keep.u32(), blocks.buckets.u32(), this.#numIds, window, negatives] as const;
    const rate = [firstLr, this.#epoch * this.#numTokens, epochs * this.#numTokens] as const;
    const most = this.#maxTuples;
    const tuples =
      model === "cbow"
        ? kernels.drawCbow(...text, ...words, ...rate, inputs, inputs.length, offsets, outputs, lr, most)
        : kernels.drawSkipGram(...text, ...words, ...rate, inputs, outputs, lr, most);
    if (this.betweenSentences && this.position === this.#numTokens) {
      this.#epoch++;
      blocks.state.u32()[drawing.position] = 0;
    }
    return { tuples, inputs, offsets, outputs, lr };
  }

  /** Gives the memory back. */
  dispose(): void {
    for (const block of Object.values(this.#blocks)) block.dispose();
  }
}

/** A beginning: sfc32 from three draws of the generator, well mixed. */
function seeded(generator: Generator): Uint32Array {
  const state = Uint32Array.of(generator.uint32(), generator.uint32(), generator.uint32(), 1);
  for (let i = 0; i < mixingDraws; i++) sfc32(state);
  return state;
}

/** sqrt(t / f) + t / f in parts of 2^31, at most all of them; f is the frequency among the words that are trained. */
function keepParts({ counts, lineEnd, subsample }: TupleOptions): Uint32Array {
  const total = counts.reduce((sum, count, id) => (id === lineEnd ? sum : sum + count), 0);
  return Uint32Array.from(counts, (count) => {
    if (subsample === 0 || count === 0) return 2 ** 31;
    const ratio = (subsample * total) / count;
    return Math.min(2 ** 31, Math.floor((Math.sqrt(ratio) + ratio) * 2 ** 31));
  });
}

/** c^0.75; the end of a line is never drawn. */
function negativeWeights({ counts, lineEnd }: TupleOptions): Float64Array {
  return Float64Array.from(counts, (count, id) => (id === lineEnd ? 0 : raised(count, 0.75)));
}

/**
 * @internal The buckets that draw ids in proportion to the weights: for each below which of 2^31 a draw is the bucket's own id, and whose it
 * is otherwise. Of + - * / alone, so that every engine makes the same.
 *
 * @param weights finite, >= 0 and not all 0. A weight of 0 is never drawn.
 */
export function aliasBuckets(weights: Float64Array): Uint32Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = weights.map((weight) => (weight / total) * weights.length);
  const aliases = fillUp(shares, 1);
  // Rounding may leave an id of weight 0 to itself: there the heaviest of those that were left is drawn.
  const most = weights.reduce((most, weight, id) => (aliases[id] === id ? Math.max(most, weight) : most), 0);
  const heaviest = weights.indexOf(most);
  const buckets = new Uint32Array(2 * weights.length);
  shares.forEach((share, id) => {
    buckets[2 * id] = Math.floor(Math.min(share, 1) * 2 ** 31);
    buckets[2 * id + 1] = weights[id] === 0 && aliases[id] === id ? heaviest : aliases[id];
  });
  return buckets;
}
