import type { Generator } from "../../random/generator.js";
import { AliasTable } from "./aliasTable.js";
import { Draws, type DrawsState } from "./draws.js";

const f = Math.fround;

/** Words in a row that can see each other: a longer line is cut. word2vec.c cuts there too. */
const longestSentence = 1000;

/** The learning rate falls to this part of where it began. */
const leastPart = 1e-4;

/** A negative that is the target is drawn again, so many times at most: some vocabularies have little else. */
const mostRedraws = 8;

/** How tuples are made of a text. */
export interface TupleOptions {
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

/** Memory for a batch: see Kernels.stepCbow. */
export interface TupleLists {
  readonly inputs: Uint32Array;
  readonly offsets: Uint32Array;
  readonly outputs: Uint32Array;
  readonly lr: Float32Array;
}

/** Where the tuples of a text are, between two sentences. */
export interface TuplesState {
  readonly epoch: number;
  readonly position: number;
  readonly draws: DrawsState;
}

/**
 * The tuples that skip-gram and the bag of words learn from, in the order of the text, epoch after epoch (Mikolov et al. 2013,
 * "Distributed Representations of Words and Phrases and their Compositionality").
 *
 * Sentence by sentence: each word of frequency f is kept with probability sqrt(t / f) + t / f; around each kept word the window reaches
 * 1 … `window` words to either side, evenly drawn; negatives are drawn in proportion to counts^0.75. The learning rate falls linearly with
 * the position in the text. All of it is a function of the text, the options and the seed: what is drawn depends on integers alone.
 */
export class Tuples {
  readonly #options: TupleOptions;
  readonly #draws: Draws;
  readonly #table: AliasTable;
  /** For each id the part of 2^31 draws that keep it. */
  readonly #keep: Uint32Array;
  /** The sentence at work: what subsampling left of it. */
  readonly #sentence = new Uint32Array(longestSentence);
  #length = 0;
  /** The next word of the sentence to be the middle of a window. */
  #center = 0;
  #lr = 0;
  #epoch = 0;
  #position = 0;

  constructor(options: TupleOptions, generator: Generator) {
    this.#options = options;
    this.#draws = new Draws(generator);
    const { counts, lineEnd } = options;
    // c^0.75 of square roots, which every machine rounds rightly; powers it does not.
    const weights = Float64Array.from(counts, (count, id) =>
      id === lineEnd ? 0 : Math.sqrt(count) * Math.sqrt(Math.sqrt(count)),
    );
    this.#table = new AliasTable(weights);
    this.#keep = keepParts(options);
  }

  /** Epochs behind us; equal to the option when all is done. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Tokens of the text behind us, in this epoch. */
  get position(): number {
    return this.#position;
  }

  /** Whether the next tuple begins a sentence: only then is there a {@link state} to go on from. */
  get betweenSentences(): boolean {
    return this.#center === this.#length;
  }

  get state(): TuplesState {
    return { epoch: this.#epoch, position: this.#position, draws: this.#draws.state };
  }

  set state({ epoch, position, draws }: TuplesState) {
    this.#epoch = epoch;
    this.#position = position;
    this.#draws.state = draws;
    this.#length = this.#center = 0;
  }

  /**
   * Makes the next tuples of skip-gram, each word of a window one, with the word in the middle as the input: at most
   * `lists.inputs.length`, and none of the next epoch. With `finish` none of the next sentence.
   *
   * @returns how many; 0 when nothing is left (of the sentence).
   */
  fillSkipGram({ inputs, outputs, lr }: TupleLists, finish = false): number {
    const { window, negatives } = this.#options;
    const sentence = this.#sentence;
    const most = Math.min(inputs.length, lr.length, Math.floor(outputs.length / (1 + negatives))) - 2 * window;
    let tuples = 0;
    let output = 0;
    while (tuples <= most && this.#advance(finish, tuples > 0)) {
      const center = this.#center++;
      const reach = this.#reach();
      const end = Math.min(center + reach, this.#length - 1);
      for (let i = Math.max(center - reach, 0); i <= end; i++) {
        if (i === center) continue;
        inputs[tuples] = sentence[center];
        lr[tuples++] = this.#lr;
        output = this.#addOutputs(outputs, output, sentence[i], negatives);
      }
    }
    return tuples;
  }

  /** The same for the bag of words: each window is a tuple, with the word in the middle as the target. */
  fillCbow({ inputs, offsets, outputs, lr }: TupleLists, finish = false): number {
    const { window, negatives } = this.#options;
    const sentence = this.#sentence;
    const most = Math.min(offsets.length - 1, lr.length, Math.floor(outputs.length / (1 + negatives)));
    const mostInputs = inputs.length - 2 * window;
    let tuples = 0;
    let input = 0;
    let output = 0;
    offsets[0] = 0;
    while (tuples < most && input <= mostInputs && this.#advance(finish, tuples > 0)) {
      const center = this.#center++;
      const reach = this.#reach();
      const end = Math.min(center + reach, this.#length - 1);
      const first = input;
      for (let i = Math.max(center - reach, 0); i <= end; i++) if (i !== center) inputs[input++] = sentence[i];
      if (input === first) continue;
      lr[tuples++] = this.#lr;
      offsets[tuples] = input;
      output = this.#addOutputs(outputs, output, sentence[center], negatives);
    }
    return tuples;
  }

  /** 1 … window. */
  #reach(): number {
    return 1 + (((this.#draws.draw() >>> 16) * this.#options.window) >>> 16);
  }

  /** The target and its negatives at outputs[at]; returns the position behind them. */
  #addOutputs(outputs: Uint32Array, at: number, target: number, negatives: number): number {
    const draws = this.#draws;
    const table = this.#table;
    outputs[at++] = target;
    for (const end = at + negatives; at < end; at++) {
      let pick = table.pick(draws.draw());
      for (let again = 0; pick === target && again < mostRedraws; again++) pick = table.pick(draws.draw());
      outputs[at] = pick;
    }
    return at;
  }

  /** Sees to it that there is a word to be the middle of a window. False at the end: of the text, of the epoch with `any`, or of the sentence with `finish`. */
  #advance(finish: boolean, any: boolean): boolean {
    const { tokens, epochs } = this.#options;
    while (this.#center === this.#length) {
      if (finish || this.#epoch === epochs) return false;
      if (this.#position === tokens.length) {
        this.#epoch++;
        this.#position = 0;
        if (any || this.#epoch === epochs) return false;
      }
      this.#readSentence();
    }
    return true;
  }

  #readSentence(): void {
    const { tokens, lineEnd, epochs, lr } = this.#options;
    const sentence = this.#sentence;
    const keep = this.#keep;
    const draws = this.#draws;
    const done = (this.#epoch * tokens.length + this.#position) / (epochs * tokens.length);
    this.#lr = f(lr * Math.max(leastPart, 1 - done));
    const end = Math.min(tokens.length, this.#position + longestSentence);
    let length = 0;
    let position = this.#position;
    while (position < end) {
      const token = tokens[position++];
      if (token === lineEnd) break;
      sentence[length] = token;
      if (draws.draw() >>> 1 < keep[token]) length++;
    }
    this.#position = position;
    this.#length = length;
    this.#center = 0;
  }
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
