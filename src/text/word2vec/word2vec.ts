import { word2vecKernels } from "../../backend/families/word2vec.js";
import { Embedding } from "../../layers/embedding.js";
import type { Generator } from "../../random/generator.js";
import { type Batch, type TupleOptions, Tuples } from "./tuples.js";

/** Tuples of each batch whose loss is measured: the loss is for the eye. */
const measuredTuples = 3;

/** What {@link Word2Vec} is made of. */
export interface Word2VecOptions extends TupleOptions {
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
  readonly #model: "skipgram" | "cbow";
  readonly #epochs: number;
  readonly #negatives: number;

  /** @throws as {@link Embedding} and {@link Tuples} */
  constructor(options: Word2VecOptions) {
    const { model, counts, lineEnd, epochs, negatives, dim, generator, backend } = options;
    this.#model = model;
    this.#epochs = epochs;
    this.#negatives = negatives;
    const table = new Float32Array(counts.length * dim);
    for (let id = 0; id < counts.length; id++) {
      if (counts[id] === 0 || id === lineEnd) continue;
      for (let at = id * dim; at < (id + 1) * dim; at++) table[at] = (generator.float32() - 0.5) / dim;
    }
    this.input = Embedding.fromPretrained(table, { embeddingDim: dim, freeze: false, backend });
    this.output = new Embedding(counts.length, dim, { init: "zeros", backend });
    this.tuples = new Tuples(options, generator, this.input.weight.backend);
  }

  /** "native:avx2": what computes. */
  get implementation(): string {
    return this.input.weight.implementation;
  }

  /** Whether the text was gone through as often as was asked for. */
  get finished(): boolean {
    return this.tuples.epoch === this.#epochs;
  }

  /**
   * Learns from the next tuples: no more than one kernel call, and none of the next epoch.
   *
   * @param finish whether to stop at the end of the sentence.
   * @returns how many tuples there were, and the loss of one, measured on the first few; NaN when there were none.
   */
  step(finish = false): { tuples: number; loss: number } {
    const batch = this.tuples.next(finish);
    const loss = this.#lossOf(batch);
    const { tuples, inputs, offsets, outputs, lr } = batch;
    const { backend, shape, data } = this.input.weight;
    const tables = [data, this.output.weight.data, ...shape] as const;
    const kernels = backend.kernels(word2vecKernels);
    if (this.#model === "cbow") {
      kernels.stepCbow(...tables, inputs, offsets[tuples], offsets, outputs, tuples, this.#negatives, lr);
    } else kernels.stepSkipGram(...tables, inputs, outputs, tuples, this.#negatives, lr);
    return { tuples, loss };
  }

  /** Gives the memory back. */
  dispose(): void {
    this.tuples.dispose();
    this.output.dispose();
    this.input.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The mean of -log s(o_0 . in) - sum log s(-o_k . in) over the first tuples. */
  #lossOf({ tuples, inputs, offsets, outputs }: Batch): number {
    const [input, output] = [this.input.weight.data, this.output.weight.data];
    const dim = this.input.embeddingDim;
    const hidden = new Float64Array(dim);
    const count = Math.min(tuples, measuredTuples);
    let sum = 0;
    for (let t = 0; t < count; t++) {
      const bag = this.#model === "cbow" ? inputs.subarray(offsets[t], offsets[t + 1]) : inputs.subarray(t, t + 1);
      hidden.fill(0);
      for (const row of bag) for (let j = 0; j < dim; j++) hidden[j] += input[row * dim + j] / bag.length;
      for (let k = 0; k <= this.#negatives; k++) {
        const row = outputs[t * (1 + this.#negatives) + k] * dim;
        let score = 0;
        for (let j = 0; j < dim; j++) score += hidden[j] * output[row + j];
        if (k === 0) score = -score;
        sum += Math.max(score, 0) + Math.log1p(Math.exp(-Math.abs(score)));
      }
    }
    return sum / count;
  }
}
