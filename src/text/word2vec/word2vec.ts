import type { Block } from "../../backend/backend.js";
import { Embedding } from "../../layers/embedding.js";
import type { Generator } from "../../random/generator.js";
import { type TupleLists, type TupleOptions, Tuples } from "./tuples.js";

/** Tuples of skip-gram that one kernel call takes: below 512 the call shows, above 4,096 the lists leave the cache. */
const batchTuples = 2048;

/** Tuples of each batch whose loss is measured: the loss is for the eye. */
const measuredTuples = 4;

/** What {@link Word2Vec} is made of. */
export interface Word2VecOptions extends TupleOptions {
  readonly model: "skipgram" | "cbow";
  /** Floats a word. */
  readonly dim: number;
  /** Where the first values come from, and the seed of all that is drawn. */
  readonly generator: Generator;
  /** See {@link Embedding}. */
  readonly backend?: string | undefined;
}

/**
 * word2vec (Mikolov et al. 2013): skip-gram or the continuous bag of words, with negative sampling. Input vectors begin evenly spread in
 * [-1/2, 1/2) / dim, output vectors at 0; words that do not come up keep a vector of zeros. Tuples are stepped through strictly in order, in
 * place, one kernel call for some 2,000 of them: the same text, options and seed give the same bits on every backend.
 */
export class Word2Vec {
  /** The word vectors. */
  readonly input: Embedding;
  /** The vectors that predict. */
  readonly output: Embedding;
  /** Where in the text training is. */
  readonly tuples: Tuples;
  readonly #options: Word2VecOptions;
  readonly #lists: Block;

  /** @throws as {@link Embedding} */
  constructor(options: Word2VecOptions) {
    const { counts, lineEnd, dim, generator, backend, window, negatives } = options;
    this.#options = options;
    const table = new Float32Array(counts.length * dim);
    for (let id = 0; id < counts.length; id++) {
      if (counts[id] === 0 || id === lineEnd) continue;
      for (let at = id * dim; at < (id + 1) * dim; at++) table[at] = (generator.float32() - 0.5) / dim;
    }
    const layer = { embeddingDim: dim, freeze: false, ...(backend === undefined ? {} : { backend }) };
    this.input = Embedding.fromPretrained(table, layer);
    this.output = Embedding.fromPretrained(table.fill(0), layer);
    this.tuples = new Tuples(options, generator);
    const tuples = batchTuples + 2 * window;
    const words = [tuples, tuples + 1, tuples * (1 + negatives), tuples].reduce((sum, length) => sum + length, 0);
    this.#lists = this.input.weight.backend.allocate(words * 4);
  }

  /** "native:avx2": what computes. */
  get implementation(): string {
    return this.input.weight.implementation;
  }

  /** Whether the text was gone through as often as was asked for. */
  get finished(): boolean {
    return this.tuples.epoch === this.#options.epochs;
  }

  /**
   * Learns from the next tuples: no more than one kernel call, and none of the next epoch.
   *
   * @param finish whether to stop at the end of the sentence.
   * @returns how many tuples there were, and the loss of one, measured on the first few; NaN when there were none.
   */
  step(finish = false): { tuples: number; loss: number } {
    const { model, dim, counts, negatives } = this.#options;
    const lists = this.#views();
    const { inputs, offsets, outputs, lr } = lists;
    const { kernels } = this.input.weight.backend;
    const tables = [this.input.weight.data, this.output.weight.data, counts.length, dim] as const;
    if (model === "skipgram") {
      const tuples = this.tuples.fillSkipGram(lists, finish);
      const loss = this.#measure(lists, Math.min(tuples, measuredTuples));
      kernels.stepSkipGram(...tables, inputs, outputs, tuples, negatives, lr);
      return { tuples, loss };
    }
    const tuples = this.tuples.fillCbow(lists, finish);
    const loss = this.#measure(lists, Math.min(tuples, measuredTuples));
    kernels.stepCbow(...tables, inputs, offsets[tuples], offsets, outputs, tuples, negatives, lr);
    return { tuples, loss };
  }

  /** Gives the memory back. */
  dispose(): void {
    this.#lists.dispose();
    this.output.dispose();
    this.input.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The lists where the kernel reads them without a copy. Asked for anew each time: see Block. */
  #views(): TupleLists {
    const { window, negatives } = this.#options;
    const tuples = batchTuples + 2 * window;
    const lengths = [tuples, tuples + 1, tuples * (1 + negatives), tuples];
    const starts = [0, tuples, 2 * tuples + 1, (3 + negatives) * tuples + 1];
    const [inputs, offsets, outputs] = [0, 1, 2].map((i) => this.#lists.u32(starts[i] * 4, lengths[i]));
    return { inputs, offsets, outputs, lr: this.#lists.f32(starts[3] * 4, lengths[3]) };
  }

  /** The mean of -log s(o_0 . in) - sum log s(-o_k . in) over the first tuples. */
  #measure({ inputs, offsets, outputs }: TupleLists, tuples: number): number {
    const { model, dim, negatives } = this.#options;
    const [input, output] = [this.input.weight.data, this.output.weight.data];
    const hidden = new Float64Array(dim);
    let sum = 0;
    for (let t = 0; t < tuples; t++) {
      const bag = model === "skipgram" ? inputs.subarray(t, t + 1) : inputs.subarray(offsets[t], offsets[t + 1]);
      hidden.fill(0);
      for (const row of bag) for (let j = 0; j < dim; j++) hidden[j] += input[row * dim + j] / bag.length;
      for (let k = 0; k <= negatives; k++) {
        const row = outputs[t * (1 + negatives) + k] * dim;
        let score = 0;
        for (let j = 0; j < dim; j++) score += hidden[j] * output[row + j];
        if (k === 0) score = -score;
        sum += Math.max(score, 0) + Math.log1p(Math.exp(-Math.abs(score)));
      }
    }
    return sum / tuples;
  }
}
