import type { Backend } from "../../../backend/backend.js";
import { Embedding } from "../../../layers/embedding.js";
import { Unembedding } from "../../../layers/unembedding.js";
import { Generator } from "../../../random/generator.js";
import { drawFloats } from "../../floats.js";
import { type Case, count, type Family, gpt2, type Prepared, seed, type Wants } from "../case.js";
import { otherOrder, somePlaces } from "../peers/job.js";
import { drawIds } from "../setup/ids.js";
import { operationsLimit } from "../setup/limits.js";
import { lossByLoop } from "../setup/plain.js";
import { Setup, swift } from "../setup/setup.js";
import { verifyNear, verifyRows } from "../setup/verify.js";
import { allLogits, growths } from "./lossMemory.js";
import { MaterializedLoss } from "./materialized.js";

/** Cross-entropy of n hidden states against a (rows, dim) table, with the gradients of both. */
export interface LossSizes {
  readonly n: number;
  readonly rows: number;
  readonly dim: number;
}

export const loss: Family = {
  name: "loss",
  legend:
    "Timed: Unembedding.loss with both gradients, which never holds the logits, and beside it the same kernels with all logits in memory. Plain " +
    "JS: the textbook's loops by hand. GFLOP/s: the operations of the three products that are needed, 6 x n x rows x dim. Limit: these in " +
    "registers, fused.",
  cases: [
    lossCase("L0", "a small vocabulary", { n: 64, rows: 3000, dim: 64 }),
    lossCase("L1", "256 GPT-2 tokens", { n: 256, ...gpt2 }),
  ],
  custom: ({ rows = gpt2.rows, dim = gpt2.dim, batch = 64 }) => lossCase("custom", "", { n: batch, rows, dim }),
};

export function lossCase(name: string, means: string, sizes: LossSizes): Case {
  const { n, rows, dim } = sizes;
  return {
    family: "loss",
    name,
    means,
    shape: `${count(n)} targets, ${count(rows)} x ${count(dim)}`,
    sizes: { ...sizes },
    work: { amount: 6 * n * rows * dim, unit: "GFLOP/s" },
    bytes: (implementations) =>
      4 * (implementations.length * (3 * rows * dim + n * rows) + 2 * rows * dim + 8 * n * dim),
    prepare: (implementations, wants) => prepare(name, sizes, implementations, wants),
  };
}

function prepare(name: string, sizes: LossSizes, implementations: readonly Backend[], wants: Wants): Prepared {
  const { n, rows, dim } = sizes;
  const generator = new Generator(seed);
  const table = drawFloats(rows * dim, generator);
  const hidden = drawFloats(n * dim, generator);
  const targets = drawIds("uniform", rows, n, generator);
  const operations = 6 * n * rows * dim;

  const setup = new Setup(name, wants);
  const { taken, plain, left } = swift(implementations, operations);
  if (left.length > 0) setup.notes.push(`${name}: left out, for they would take minutes: ${left.join(", ")}.`);
  let expected: Float32Array | undefined;
  setup.each(taken, (backend, label) => {
    const tokens = setup.keep(Embedding.fromPretrained(table, { embeddingDim: dim, freeze: false, backend: label }));
    const head = setup.keep(new Unembedding(tokens.weight));
    let gradHidden: Float32Array | null = null;
    const run = (calls: number): void => {
      for (let call = 0; call < calls; call++) {
        tokens.weight.zeroGrad();
        gradHidden = head.loss(hidden, targets).gradHidden;
      }
    };
    // The specification would take minutes where the case is large: then all have to agree with the first.
    setup.add(label, run, (where) => {
      expected ??= gradHidden!.slice();
      verifyRows(where, "gradHidden", dim, gradHidden!, expected);
    });
    const whole = setup.keep(new MaterializedLoss(backend, n, rows, dim));
    const runWhole = (calls: number): void => {
      for (let call = 0; call < calls; call++) whole.run(tokens.weight.data, hidden, targets);
    };
    setup.add(label + allLogits, runWhole, (where) => {
      verifyNear(where, whole.gradHidden, expected!, otherOrder, (place) => `gradHidden[${place}]`);
    });
  });
  if (plain) {
    const made = { gradHidden: new Float32Array(n * dim), gradWeight: new Float32Array(rows * dim) };
    const byLoop = (calls: number): void => {
      for (let call = 0; call < calls; call++) lossByLoop(table, hidden, targets, dim, made);
    };
    setup.addPlain("loop", byLoop, (where) => {
      if (expected !== undefined) verifyNear(where, made.gradHidden, expected, otherOrder);
    });
  }
  setup.addLimit((machine, threads) => operationsLimit(machine, threads, operations));
  setup.memory = growths(taken, sizes, wants.threads);

  const places = somePlaces(n * dim);
  return setup.prepared({
    op: "loss",
    sizes: { ...sizes },
    arrays: { table, hidden, targets },
    places,
    expected: places.map((place) => expected?.[place] ?? Number.NaN),
    tolerance: 1e-3,
  });
}
