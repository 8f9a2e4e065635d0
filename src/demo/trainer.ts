import { AliasSampler, Embedding, Generator, type SparseGradient, Unembedding } from "nn-embedding";
import { SGD, SparseAdam } from "nn-embedding/optim";
import type { Book } from "./book.js";

/** The optimizers to choose from, and the step size that suits each. */
const optimizers = {
  SparseAdam: (tables: Embedding["weight"][]) => new SparseAdam(tables, { lr: 0.05 }),
  SGD: (tables: Embedding["weight"][]) => new SGD(tables, { lr: 1 }),
};

export type OptimizerName = keyof typeof optimizers;

export const optimizerNames = Object.keys(optimizers) as OptimizerName[];

/** What the next step begins with: every word's gradient, and the rows that they add up to. */
export interface Gradients {
  readonly loss: number;
  /** The gradient of each word that guesses, in reading order. */
  readonly perWord: Float32Array;
  /** The touched rows, ascending, each once. */
  readonly rows: Uint32Array;
  readonly values: Float32Array;
}

/** What a step changed. */
export interface Change {
  readonly lossBefore: number;
  readonly lossAfter: number;
  /** The touched rows as they were and as they are. */
  readonly before: Float32Array;
  readonly after: Float32Array;
  /** Rows of the whole table of which any bit is another. */
  readonly movedRows: readonly number[];
}

/** word2vec's step by hand, on a copy of the trained tables: every word guesses the next one against words drawn by chance. */
export class Trainer {
  readonly #tokens: Embedding;
  readonly #outputs: Embedding;
  readonly #head: Unembedding;
  readonly #sampler: AliasSampler;
  readonly #generator = new Generator(1);
  #optimizer: SparseAdam | SGD;
  #inputs: number[] = [];
  #targets: number[] = [];
  #negatives: Uint32Array = new Uint32Array(0);
  #gradients: Gradients | null = null;

  constructor({ table, outputTable, embeddingDim, counts }: Book, optimizer: OptimizerName) {
    const options = { embeddingDim, freeze: false, sparse: true };
    this.#tokens = Embedding.fromPretrained(table, options);
    this.#outputs = Embedding.fromPretrained(outputTable, options);
    this.#head = new Unembedding(this.#outputs.weight);
    this.#sampler = new AliasSampler(counts.map((count, id) => (id < 2 ? 0 : count)));
    this.#optimizer = optimizers[optimizer]([this.#tokens.weight, this.#outputs.weight]);
  }

  /** The gradients for this text; null when it has no two words. */
  read(ids: readonly number[]): Gradients | null {
    this.#inputs = ids.slice(0, -1);
    this.#targets = ids.slice(1);
    this.#gradients = null;
    if (this.#inputs.length === 0) return null;
    this.#negatives = this.#sampler.sample(this.#generator, new Uint32Array(5 * this.#inputs.length));
    this.#gradients = this.#backward();
    return this.#gradients;
  }

  #backward(): Gradients {
    const [tokens, head, optimizer] = [this.#tokens, this.#head, this.#optimizer];
    const [inputs, targets, negatives] = [this.#inputs, this.#targets, this.#negatives];
    const sparse = true;
    // > shown
    optimizer.zeroGrad();
    const hidden = tokens.forward(inputs); // every word's row ...
    const { loss, gradHidden } = head.sampledLoss(hidden, targets, negatives, { sparse }); // ... guesses the next
    tokens.backward(inputs, gradHidden!); // scatter-add: gradients of the same row are added up
    const { rows, values } = tokens.weight.grad as SparseGradient; // the touched rows and no others
    // < shown
    return { loss, perWord: gradHidden!, rows, values: values.slice() };
  }

  /** Moves the touched rows; null when there is nothing to learn from. */
  step(): Change | null {
    if (this.#gradients === null) return null;
    const [tokens, optimizer] = [this.#tokens, this.#optimizer];
    const { loss, rows } = this.#gradients;
    const before = tokens.forward(rows);
    const tableBefore = tokens.weight.data.slice();
    // > shown
    optimizer.step(); // moves those rows and no others
    // < shown
    const hidden = tokens.forward(this.#inputs);
    const measure = { gradients: false };
    const { loss: lossAfter } = this.#head.sampledLoss(hidden, this.#targets, this.#negatives, measure);
    const movedRows = differingRows(tableBefore, tokens.weight.data, tokens.embeddingDim);
    return { lossBefore: loss, lossAfter, before, after: tokens.forward(rows), movedRows };
  }

  dispose(): void {
    this.#optimizer.dispose();
    this.#outputs.dispose();
    this.#tokens.dispose();
  }
}

/** The rows of which any bit differs. */
function differingRows(left: Float32Array, right: Float32Array, embeddingDim: number): number[] {
  const bits = (floats: Float32Array) => new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const [a, b] = [bits(left), bits(right)];
  const rows = new Set<number>();
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) rows.add(Math.floor(i / embeddingDim));
  return [...rows];
}
