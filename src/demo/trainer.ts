import { AliasSampler, Embedding, Generator, Unembedding } from "nn-embedding";
import { SGD, SparseAdam } from "nn-embedding/optim";
import type { Book } from "./book.js";

/** The optimizers to choose from, each with the learning rate that suits it here. */
const optimizers = { SparseAdam: { Optimizer: SparseAdam, lr: 0.05 }, SGD: { Optimizer: SGD, lr: 1 } };

export type OptimizerName = keyof typeof optimizers;

export const optimizerNames = Object.keys(optimizers) as OptimizerName[];

/** Words drawn by chance that each word must not guess. */
const numNegatives = 5;

/** What a step begins with: every word's gradient, and the rows that they add up to. */
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
export interface Trainer {
  /** The gradients of this text; null when it has no two words. */
  read(ids: readonly number[]): Gradients | null;
  /** Moves the rows of the text that was read last; null when there is nothing to learn from. */
  step(): Change | null;
  dispose(): void;
}

export function makeTrainer({ table, outputTable, embeddingDim, counts }: Book, name: OptimizerName): Trainer {
  const { Optimizer, lr } = optimizers[name];
  const options = { embeddingDim, freeze: false, sparse: true };
  const outputs = Embedding.fromPretrained(outputTable, options);
  // > shown
  const tokens = Embedding.fromPretrained(table, options); // freeze: false, sparse: true
  const head = new Unembedding(outputs.weight);
  const optimizer = new Optimizer([tokens.weight, head.weight], { lr }); // SparseAdam or SGD
  // < shown
  const sampler = new AliasSampler(counts.map((count, id) => (id < 2 ? 0 : count)));
  const generator = new Generator(1);
  let [inputs, targets]: number[][] = [[], []];
  let negatives: Uint32Array = new Uint32Array(0);
  let gradients: Gradients | null = null;

  function backward(): Gradients {
    const sparse = true;
    optimizer.zeroGrad();
    // > shown
    const hidden = tokens.forward(inputs); // every word's row ...
    const { loss, gradHidden } = head.sampledLoss(hidden, targets, negatives, { sparse }); // ... guesses the next
    tokens.backward(inputs, gradHidden!); // scatter-add: gradients of the same row are added up
    // < shown
    const { grad } = tokens.weight;
    if (grad?.kind !== "sparse") throw new Error("the gradient is dense, expected a sparse one");
    return { loss, perWord: gradHidden!, rows: grad.rows, values: grad.values.slice() };
  }

  return {
    read(ids) {
      inputs = ids.slice(0, -1);
      targets = ids.slice(1);
      gradients = null;
      if (inputs.length === 0) return null;
      negatives = sampler.sample(generator, new Uint32Array(numNegatives * inputs.length));
      gradients = backward();
      return gradients;
    },
    step() {
      if (gradients === null) return null;
      const { loss, rows } = gradients;
      const before = tokens.forward(rows);
      const tableBefore = tokens.weight.data.slice();
      // > shown
      optimizer.step(); // moves the rows of tokens.weight.grad.rows and no others
      // < shown
      const measured = head.sampledLoss(tokens.forward(inputs), targets, negatives, { gradients: false });
      const movedRows = differingRows(tableBefore, tokens.weight.data, embeddingDim);
      return { lossBefore: loss, lossAfter: measured.loss, before, after: tokens.forward(rows), movedRows };
    },
    dispose() {
      optimizer.dispose();
      outputs.dispose();
      tokens.dispose();
    },
  };
}

/** The rows of which any bit differs. */
function differingRows(left: Float32Array, right: Float32Array, embeddingDim: number): number[] {
  const bits = (floats: Float32Array) => new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const [a, b] = [bits(left), bits(right)];
  const rows = new Set<number>();
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) rows.add(Math.floor(i / embeddingDim));
  return [...rows];
}
