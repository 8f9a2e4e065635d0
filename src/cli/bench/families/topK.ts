import type { Backend } from "../../../backend/backend.js";
import { Embedding } from "../../../layers/embedding.js";
import { Unembedding } from "../../../layers/unembedding.js";
import { Generator } from "../../../random/generator.js";
import { drawFloats } from "../../floats.js";
import { specification } from "../../kernels.js";
import { type Case, count, type Family, gpt2, type Prepared, seed, type Wants } from "../case.js";
import { lookAt, otherOrder } from "../peers/job.js";
import { operationsLimit, readLimit } from "../setup/limits.js";
import { matmulNTByLoop } from "../setup/plain.js";
import { Setup } from "../setup/setup.js";
import { verifyNear, verifyRows } from "../setup/verify.js";

/** The k rows of a (rows, dim) table that fit each of n hidden states best. */
export interface TopKSizes {
  readonly n: number;
  readonly rows: number;
  readonly dim: number;
  readonly k: number;
}

export const topK: Family = {
  name: "top-k",
  legend:
    "Timed: Unembedding.topK, which never holds the logits. Plain JS: the textbook's product by hand and a sorted list beside it. GFLOP/s: the " +
    "operations of the product. Limits: the table once read, the operations in registers, fused.",
  cases: [
    topKCase("T1", "for one hidden state", { n: 1, ...gpt2, k: 10 }),
    topKCase("T64", "for 64", { n: 64, ...gpt2, k: 10 }),
  ],
  custom: ({ rows = gpt2.rows, dim = gpt2.dim, batch = 64 }) =>
    topKCase("custom", "", { n: batch, rows, dim, k: Math.min(10, rows) }),
};

export function topKCase(name: string, means: string, sizes: TopKSizes): Case {
  const { n, rows, dim, k } = sizes;
  return {
    family: "top-k",
    name,
    means,
    shape: `${k} of ${count(rows)} x ${count(dim)} for each of ${n}`,
    sizes: { ...sizes },
    work: { amount: 2 * n * rows * dim, unit: "GFLOP/s" },
    bytes: (implementations) => 4 * ((implementations.length + 2) * rows * dim + 2 * n * rows),
    prepare: (implementations, wants) => prepare(name, sizes, implementations, wants),
  };
}

function prepare(
  name: string,
  { n, rows, dim, k }: TopKSizes,
  implementations: readonly Backend[],
  wants: Wants,
): Prepared {
  const generator = new Generator(seed);
  const table = drawFloats(rows * dim, generator);
  const hidden = drawFloats(n * dim, generator);
  const logits = new Float32Array(n * rows);
  specification.matmulNT(hidden, table, n, rows, dim, false, logits);
  const expected = greatest(logits, n, k);

  const setup = new Setup(name, wants);
  setup.each(implementations, (_, label) => {
    const tokens = setup.keep(Embedding.fromPretrained(table, { embeddingDim: dim, backend: label }));
    const head = setup.keep(new Unembedding(tokens.weight));
    let values = expected;
    const run = (calls: number): void => {
      for (let call = 0; call < calls; call++) values = head.topK(hidden, k).values;
    };
    setup.add(label, run, (where) => verifyRows(where, "values", k, values, expected));
  });
  let made = expected;
  const byLoop = (calls: number): void => {
    for (let call = 0; call < calls; call++) {
      matmulNTByLoop(hidden, table, n, rows, dim, logits);
      made = greatest(logits, n, k);
    }
  };
  setup.addPlain("loop", byLoop, (where) => verifyNear(where, made, expected, otherOrder));
  setup.addLimit((machine, threads) => readLimit(machine, threads, setup.nativeFloats(rows * dim)));
  setup.addLimit((machine, threads) => operationsLimit(machine, threads, 2 * n * rows * dim));
  return setup.prepared({
    op: "topK",
    sizes: { n, rows, dim, k },
    arrays: { hidden, table },
    ...lookAt(expected),
    tolerance: otherOrder,
  });
}

/** The k greatest of each of n rows, in their order: kept in a sorted list, at whose end most are turned away. */
function greatest(logits: Float32Array, n: number, k: number): Float32Array {
  const columns = logits.length / n;
  const lists = new Float32Array(n * k).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < n; i++) {
    const list = lists.subarray(i * k, (i + 1) * k);
    for (let j = i * columns; j < (i + 1) * columns; j++) {
      const logit = logits[j];
      if (!(logit > list[k - 1])) continue;
      let at = k - 1;
      for (; at > 0 && list[at - 1] < logit; at--) list[at] = list[at - 1];
      list[at] = logit;
    }
  }
  return lists;
}
