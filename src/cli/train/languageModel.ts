/** A small language model of this package's own layers: which word comes next? */
import { Embedding, type Generator, Unembedding } from "../../index.js";
import { Adagrad } from "../../optim/index.js";

const f = Math.fround;

/** How far from 0 the tables start: standard normal numbers times this. */
const startScale = f(0.05);

/** What keeps Adagrad's division finite. */
export const adagradEps = 1e-8;

/** What a {@link LanguageModel} is made of. */
export interface LanguageModelOptions {
  /** Rows of the token table: words in the vocabulary. */
  numTokens: number;
  /** Floats per row, of either table. */
  dim: number;
  /** Words that are looked at: rows of the position table. */
  context: number;
  /** How a position changes the word that stands there: each float of it multiplied by one of its own, or added to. */
  positions: "multiply" | "add";
  /** Adagrad's learning rate. */
  lr: number;
  /** Where the first values come from. */
  generator: Generator;
  /** See {@link Embedding}. */
  backend?: string | undefined;
}

/**
 * Token table E (numTokens, dim), position table P (context, dim), bias b (numTokens). For a window of words w_0 … w_(context - 1):
 *
 *     hidden = mean over c of P[c] * E[w_c]     (element by element; with positions "add": P[c] + E[w_c])
 *     logits = E hidden + b                     (weight tying: the same table reads the answer out)
 *     loss   = cross-entropy of the logits against the word that came next
 *
 * The product is the log-bilinear model with diagonal position matrices (Mnih and Kavukcuoglu 2013, vLBL). It knows the order of the
 * words. The sum does not: the mean of E[w_c] + P[c] is the mean of E[w_c] plus a constant, whatever the order.
 *
 * All floats are rounded after each operation, in a fixed order, so training gives the same bits on every backend.
 *
 * @example
 * import { Generator } from "nn-embedding";
 * import { LanguageModel } from "./languageModel.js";
 * const generator = new Generator(1);
 * using model = new LanguageModel({ numTokens: 9, dim: 4, context: 2, positions: "multiply", lr: 0.1, generator });
 * model.step(Uint32Array.of(3, 4, 4, 5), Uint32Array.of(5, 6)).toFixed(1); // => "2.2", the logarithm of 9
 */
export class LanguageModel {
  /** E: words to vectors. */
  readonly tokens: Embedding;
  /** P: places in the window to vectors. */
  readonly positions: Embedding;
  /** Vectors back to words, by the same E, and b. */
  readonly head: Unembedding;
  readonly #multiply: boolean;
  readonly #optimizer: Adagrad;
  // Memory for a batch, made anew when a larger one comes: what was looked up, its gradient, the hidden states, 0 … context - 1 n times.
  #rows = new Float32Array(0);
  #gradRows = new Float32Array(0);
  #hidden = new Float32Array(0);
  #places = new Uint32Array(0);

  /** @throws as {@link Embedding} and {@link Adagrad} */
  constructor({ numTokens, dim, context, positions, lr, generator, backend }: LanguageModelOptions) {
    this.#multiply = positions === "multiply";
    this.tokens = new Embedding(numTokens, dim, { generator, backend });
    scale(this.tokens.weight.data, startScale);
    if (this.#multiply) {
      const ones = new Float32Array(context * dim).fill(1); // at first every place counts the same
      this.positions = Embedding.fromPretrained(ones, { embeddingDim: dim, freeze: false, backend });
    } else {
      this.positions = new Embedding(context, dim, { generator, backend });
      scale(this.positions.weight.data, startScale);
    }
    this.head = new Unembedding(this.tokens.weight, { bias: true });
    this.#optimizer = new Adagrad([this.tokens.weight, this.positions.weight, this.head.bias!], {
      lr,
      eps: adagradEps,
    });
  }

  /** "native:avx2": what computes. */
  get implementation(): string {
    return this.tokens.weight.implementation;
  }

  /** What moves the tables, and remembers how they moved. */
  get optimizer(): Adagrad {
    return this.#optimizer;
  }

  /** The tables by their names in a checkpoint, to be saved as they are. */
  get tensors(): Record<"tokens.weight" | "positions.weight" | "head.bias", Embedding["weight"]> {
    return {
      "tokens.weight": this.tokens.weight,
      "positions.weight": this.positions.weight,
      "head.bias": this.head.bias!,
    };
  }

  /**
   * The hidden states of n windows.
   *
   * @param windows n x context ids.
   * @returns n x dim floats, a view that the next call overwrites.
   * @throws as `Embedding.forward`
   */
  forward(windows: Uint32Array): Float32Array {
    const context = this.positions.numEmbeddings;
    const dim = this.tokens.embeddingDim;
    const n = windows.length / context;
    this.#reserve(n);
    const rows = this.tokens.forward(windows, this.#rows.subarray(0, n * context * dim)); // (n, context, dim)
    const places = this.positions.weight.data; // (context, dim)
    const hidden = this.#hidden.subarray(0, n * dim).fill(0); // (n, dim)
    for (let i = 0, row = 0; i < n; i++) {
      const start = i * dim;
      for (let c = 0; c < context; c++, row += dim) {
        const place = c * dim;
        if (this.#multiply) for (let d = 0; d < dim; d++) hidden[start + d] += f(places[place + d] * rows[row + d]);
        else for (let d = 0; d < dim; d++) hidden[start + d] += f(places[place + d] + rows[row + d]);
      }
    }
    return scale(hidden, f(1 / context));
  }

  /**
   * The loss of n windows, and its gradient added to that of the tables.
   *
   * @param windows n x context ids.
   * @param targets n ids: the word behind each window.
   * @returns the mean loss of a window.
   * @throws as `Embedding.forward` and `Unembedding.loss`
   */
  backward(windows: Uint32Array, targets: Uint32Array): number {
    const context = this.positions.numEmbeddings;
    const dim = this.tokens.embeddingDim;
    const n = targets.length;
    const hidden = this.forward(windows);
    const { loss, gradHidden } = this.head.loss(hidden, targets);
    scale(gradHidden!, f(1 / context)); // (n, dim): what reaches each word of a window

    const numFloats = n * context * dim;
    const rows = this.#rows.subarray(0, numFloats);
    const gradRows = this.#gradRows.subarray(0, numFloats);
    const places = this.positions.weight.data;
    // hidden = mean of P * E: E's share is P * gradHidden, P's is E * gradHidden. For the sum both are gradHidden itself.
    for (let i = 0, row = 0; i < n; i++) {
      const start = i * dim;
      for (let c = 0; c < context; c++, row += dim) {
        const place = c * dim;
        for (let d = 0; d < dim; d++) {
          const grad = gradHidden![start + d];
          gradRows[row + d] = this.#multiply ? places[place + d] * grad : grad;
          if (this.#multiply) rows[row + d] *= grad;
        }
      }
    }
    this.tokens.backward(windows, gradRows);
    this.positions.backward(this.#places.subarray(0, n * context), this.#multiply ? rows : gradRows);
    return loss;
  }

  /** One step of training on n windows: the loss before it. See {@link backward}. */
  step(windows: Uint32Array, targets: Uint32Array): number {
    this.#optimizer.zeroGrad();
    const loss = this.backward(windows, targets);
    this.#optimizer.step();
    return loss;
  }

  /** The losses of n windows added up; nothing is learned. See {@link backward}. */
  measure(windows: Uint32Array, targets: Uint32Array): number {
    return this.head.loss(this.forward(windows), targets, { reduction: "sum", gradients: false }).loss;
  }

  /** Gives the memory back. */
  dispose(): void {
    this.head.dispose();
    this.positions.dispose();
    this.tokens.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #reserve(n: number): void {
    const context = this.positions.numEmbeddings;
    const dim = this.tokens.embeddingDim;
    if (this.#hidden.length >= n * dim) return;
    this.#hidden = new Float32Array(n * dim);
    this.#rows = new Float32Array(n * context * dim);
    this.#gradRows = new Float32Array(n * context * dim);
    this.#places = Uint32Array.from({ length: n * context }, (_, i) => i % context);
  }
}

/** values *= factor */
function scale(values: Float32Array, factor: number): Float32Array {
  for (let i = 0; i < values.length; i++) values[i] *= factor;
  return values;
}
