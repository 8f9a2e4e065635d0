import { type Backend, noPadding } from "../../../backend/backend.js";
import { rowKernels } from "../../../backend/families/rows.js";
import { Embedding } from "../../../layers/embedding.js";
import { Generator } from "../../../random/generator.js";
import { drawFloats } from "../../floats.js";
import { specification } from "../../kernels.js";
import { type Case, count, type Family, type FamilyName, gpt2, million, type Prepared, seed } from "../case.js";
import { lookAt, otherOrder, somePlaces } from "../peers/job.js";
import { describeIds, drawIds, type Ids } from "../setup/ids.js";
import { copyLimit } from "../setup/limits.js";
import { scatterAddByLoop, sparseByLoop } from "../setup/plain.js";
import { countMemories, Setup } from "../setup/setup.js";
import { verifyRows } from "../setup/verify.js";
import { sparseGradient, verifySparse } from "../setup/verifySparse.js";

/**
 * `batch` rows added to a (rows, dim) table: one that is never cleared ("kernel"), a layer's gradient that is cleared before each call
 * ("dense"), or one of the touched rows only ("sparse").
 */
export interface ScatterSizes {
  readonly rows: number;
  readonly dim: number;
  readonly batch: number;
  readonly ids: Ids;
  readonly to: "kernel" | "dense" | "sparse";
}

const tokens = { ...gpt2, batch: 8192, ids: "uniform" } as const;
const short = { ...million, batch: 65536, ids: "zipf" } as const;

export const scatterAdd: Family = {
  name: "scatter-add",
  legend:
    "Timed: S1 and S2 the kernel, adding to a table in the backend's memory without clearing it; S1r and S2r Embedding's zeroGrad() and " +
    "backward() into the dense gradient that is there, cleared again; S1s and S2s the same, sparse. Plain JS: the same loop by hand, no checks. " +
    "GB/s: each float of a gradient once read, of its row once read and once written; ids once read. Limit: a memcpy of as many bytes.",
  cases: [
    scatterCase("S1", "gradients of GPT-2 tokens", { ...tokens, to: "kernel" }),
    scatterCase("S1r", "into a cleared table", { ...tokens, to: "dense" }),
    scatterCase("S1s", "of the touched rows only", { ...tokens, to: "sparse" }),
    scatterCase("S2", "gradients of short rows", { ...short, to: "kernel" }),
    scatterCase("S2r", "into a cleared table", { ...short, to: "dense" }),
    scatterCase("S2s", "of the touched rows only", { ...short, to: "sparse" }),
  ],
  custom: ({ rows = gpt2.rows, dim = gpt2.dim, batch = 8192 }) =>
    scatterCase("custom", "", { rows, dim, batch, ids: "uniform", to: "kernel" }),
};

export function scatterCase(
  name: string,
  means: string,
  sizes: ScatterSizes,
  family: FamilyName = "scatter-add",
): Case {
  const { rows, dim, batch, ids, to } = sizes;
  const cleared = to === "dense" ? rows * dim : 0;
  return {
    family,
    name,
    means,
    shape: `${count(batch)} ${describeIds(ids)}, ${count(rows)} x ${count(dim)}${{ kernel: "", dense: ", cleared", sparse: ", sparse" }[to]}`,
    sizes: { ...sizes },
    work: { amount: 4 * (batch * (1 + 3 * dim) + cleared), unit: "GB/s" },
    bytes(implementations) {
      const { length } = implementations;
      const tables = { kernel: countMemories(implementations) + 2, dense: 2 * length + 3, sparse: length + 2 }[to];
      return 4 * (tables * rows + 3 * batch) * dim;
    },
    prepare: (implementations, wants) => {
      const generator = new Generator(seed);
      const list = drawIds(ids, rows, batch, generator);
      const gradOut = drawFloats(batch * dim, generator);
      const setup = new Setup(name, wants);
      const given = {
        setup,
        implementations,
        rows,
        dim,
        batch,
        ids: list,
        gradOut,
        bytes: 4 * batch * (1 + 3 * dim) + 4 * cleared,
      };
      return { kernel: prepareKernel, dense: prepareDense, sparse: prepareSparse }[to](given);
    },
  };
}

interface Given {
  readonly setup: Setup;
  readonly implementations: readonly Backend[];
  readonly rows: number;
  readonly dim: number;
  readonly batch: number;
  readonly ids: Uint32Array;
  readonly gradOut: Float32Array;
  readonly bytes: number;
}

/** No power of two: the first sum rounds already. */
const start = Math.fround(0.1);

function prepareKernel({ setup, implementations, rows, dim, batch, ids, gradOut, bytes }: Given): Prepared {
  const numFloats = rows * dim;
  const expected = new Float32Array(numFloats).fill(start);
  specification.scatterAdd(expected, rows, dim, ids, batch, noPadding, gradOut);

  setup.each(implementations, (backend, label) => {
    const block = setup.blockOf(backend, numFloats * 4);
    const kernels = backend.kernels(rowKernels);
    block.f32(0, numFloats).fill(start);
    const run = (calls: number): void => {
      const table = block.f32(0, numFloats);
      for (let call = 0; call < calls; call++) kernels.scatterAdd(table, rows, dim, ids, batch, noPadding, gradOut);
    };
    setup.add(label, run, (where) => verifyRows(where, "gradWeight", dim, block.f32(0, numFloats), expected));
  });
  const plain = new Float32Array(numFloats).fill(start);
  const byLoop = (calls: number): void => {
    for (let call = 0; call < calls; call++) scatterAddByLoop(plain, dim, ids, gradOut);
  };
  setup.addPlain("loop", byLoop, (where) => verifyRows(where, "gradWeight", dim, plain, expected));
  setup.addLimit((machine, threads) => copyLimit(machine, threads, bytes));
  return setup.prepared({
    op: "scatter",
    sizes: { rows, dim, batch, start },
    arrays: { ids, gradOut },
    ...lookAt(expected, touchedPlaces(ids, dim)),
    tolerance: otherOrder,
  });
}

function prepareDense(given: Given): Prepared {
  const { setup, rows, dim, batch, ids, gradOut, bytes } = given;
  const numFloats = rows * dim;
  const expected = new Float32Array(numFloats);
  specification.scatterAdd(expected, rows, dim, ids, batch, noPadding, gradOut);

  addLayers(given, false, (where, grad) => verifyRows(where, "grad.values", dim, grad!.values, expected));
  const plain = new Float32Array(numFloats);
  const byLoop = (calls: number): void => {
    for (let call = 0; call < calls; call++) {
      plain.fill(0);
      scatterAddByLoop(plain, dim, ids, gradOut);
    }
  };
  setup.addPlain("loop", byLoop, (where) => verifyRows(where, "gradWeight", dim, plain, expected));
  setup.addLimit((machine, threads) => copyLimit(machine, threads, bytes));
  return setup.prepared({
    op: "scatterFresh",
    sizes: { rows, dim, batch },
    arrays: { ids, gradOut },
    ...lookAt(expected, touchedPlaces(ids, dim)),
    tolerance: otherOrder,
  });
}

/** A layer for each implementation, whose gradient is cleared before each call: a gradient does not depend on the table. */
function addLayers(
  { setup, implementations, rows, dim, ids, gradOut }: Given,
  sparse: boolean,
  verify: (where: string, grad: Embedding["weight"]["grad"]) => void,
): void {
  const zeros = new Float32Array(rows * dim);
  setup.each(implementations, (_, label) => {
    const options = { embeddingDim: dim, sparse, freeze: false, backend: label };
    const layer = setup.keep(Embedding.fromPretrained(zeros, options));
    const run = (calls: number): void => {
      for (let call = 0; call < calls; call++) {
        layer.weight.zeroGrad();
        layer.backward(ids, gradOut);
      }
    };
    setup.add(label, run, (where) => verify(where, layer.weight.grad));
  });
}

function prepareSparse(given: Given): Prepared {
  const { setup, rows, dim, batch, ids, gradOut, bytes } = given;
  const expected = sparseGradient(rows, dim, ids, gradOut);
  addLayers(given, true, (where, grad) => verifySparse(where, dim, grad, expected));
  let made = expected;
  const byLoop = (calls: number): void => {
    for (let call = 0; call < calls; call++) made = sparseByLoop(dim, ids, gradOut);
  };
  setup.addPlain("loop", byLoop, (where) => verifySparse(where, dim, { kind: "sparse", ...made }, expected));
  setup.addLimit((machine, threads) => copyLimit(machine, threads, bytes));
  return setup.prepared({
    op: "scatterSparse",
    sizes: { rows, dim, batch },
    arrays: { ids, gradOut },
    ...lookAt(expected.values),
    tolerance: otherOrder,
  });
}

/** Places of a table where something was added. */
function touchedPlaces(ids: Uint32Array, dim: number): number[] {
  return somePlaces(ids.length, 1024).map((i) => ids[i] * dim + (i % dim));
}
