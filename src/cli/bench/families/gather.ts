import type { Backend } from "../../../backend/backend.js";
import { rowKernels } from "../../../backend/families/rows.js";
import { kernelsFor } from "../../../backend/select.js";
import { Embedding } from "../../../layers/embedding.js";
import { Generator } from "../../../random/generator.js";
import { fillFloats } from "../../floats.js";
import { specification } from "../../kernels.js";
import {
  type Case,
  count,
  type Family,
  type FamilyName,
  gpt2,
  million,
  type Prepared,
  seed,
  type Wants,
} from "../case.js";
import { lookAt } from "../peers/job.js";
import { describeIds, drawIds, type Ids } from "../setup/ids.js";
import { rowsLimit } from "../setup/limits.js";
import { gatherByLoop, gatherBySet } from "../setup/plain.js";
import { Setup } from "../setup/setup.js";
import { verifyRows } from "../setup/verify.js";

/** `batch` rows of a (rows, dim) table, looked up. */
export interface GatherSizes {
  readonly rows: number;
  readonly dim: number;
  readonly batch: number;
  readonly ids: Ids;
}

/** A table above this is there once for each kind of memory, and the kernel alone is timed: beside its work the checks of a layer are nothing. */
const sharedBytes = 1e9;

export const gather: Family = {
  name: "gather",
  legend:
    "Timed: Embedding.forward(Uint32Array, out), all its checks included (G4: the kernel). Plain JS: the same by hand without any check, by " +
    "loop or by set, whichever is faster. GB/s: each float once read, once written; ids once read. Limit: bare C++ loops that ask for rows ahead.",
  cases: [
    gatherCase("gather", "G1", "a tiny lookup", { rows: 6, dim: 3, batch: 4, ids: "uniform" }),
    gatherCase("gather", "G2a", "a batch of GPT-2 tokens", { ...gpt2, batch: 1024, ids: "uniform" }),
    gatherCase("gather", "G2b", "a large batch of them", { ...gpt2, batch: 8192, ids: "uniform" }),
    gatherCase("gather", "G3u", "short rows, any", { ...million, batch: 65536, ids: "uniform" }),
    gatherCase("gather", "G3z", "short rows, often the same", { ...million, batch: 65536, ids: "zipf" }),
    gatherCase("gather", "G4", "of a table of 2.56 GB", { rows: 10_000_000, dim: 64, batch: 65536, ids: "uniform" }),
  ],
  custom: ({ rows = gpt2.rows, dim = gpt2.dim, batch = 1024 }) =>
    gatherCase("gather", "custom", "", { rows, dim, batch, ids: "uniform" }),
};

export function gatherCase(family: FamilyName, name: string, means: string, sizes: GatherSizes): Case {
  const { rows, dim, batch, ids } = sizes;
  const tableBytes = 4 * rows * dim;
  const isShared = tableBytes > sharedBytes;
  return {
    family,
    name,
    means,
    shape: `${count(batch)} ${describeIds(ids)}, ${count(rows)} x ${count(dim)}`,
    sizes: { ...sizes },
    work: { amount: 4 * batch * (1 + 2 * dim), unit: "GB/s" },
    bytes(implementations) {
      const own = isShared ? implementations.filter(({ name }) => name === "wasm") : implementations;
      const tables = own.length + 1;
      return tables * tableBytes + 8 * batch * (dim + 1);
    },
    prepare: (implementations, wants) => prepare(name, sizes, isShared, implementations, wants),
  };
}

function prepare(
  name: string,
  { rows, dim, batch, ids: kind }: GatherSizes,
  isShared: boolean,
  implementations: readonly Backend[],
  wants: Wants,
): Prepared {
  const generator = new Generator(seed);
  const setup = new Setup(name, wants);
  // The shared table is native memory where there is such, for that lies in huge pages.
  const numFloats = rows * dim;
  const table = isShared
    ? setup.blockOf(implementations[0], 4 * numFloats).f32(0, numFloats)
    : new Float32Array(numFloats);
  fillFloats(table, generator);
  const ids = drawIds(kind, rows, batch, generator);
  const out = new Float32Array(batch * dim).fill(Number.NaN);
  const expected = new Float32Array(batch * dim);
  specification.gather(table, rows, dim, ids, batch, expected);
  const verify = (where: string): void => {
    verifyRows(where, "out", dim, out, expected);
    out.fill(Number.NaN);
  };

  let lies = table; // where the limit finds it: in huge pages, if it lies there once
  setup.each(implementations, (backend, label) => {
    const kernels = backend.kernels(rowKernels);
    if (!isShared) {
      const layer = setup.keep(Embedding.fromPretrained(table, { embeddingDim: dim, backend: label }));
      if (backend.name === "native") lies = layer.weight.data;
      const run = (calls: number): void => {
        for (let call = 0; call < calls; call++) layer.forward(ids, out);
      };
      setup.add(label, run, verify);
    } else if (backend.name !== "wasm") {
      const run = (calls: number): void => {
        for (let call = 0; call < calls; call++) kernels.gather(table, rows, dim, ids, batch, out);
      };
      setup.add(label, run, verify);
    } else {
      const block = setup.blockOf(backend, 4 * numFloats, (own) => own.f32(0, numFloats).set(table));
      const run = (calls: number): void => {
        const own = block.f32(0, numFloats);
        for (let call = 0; call < calls; call++) kernels.gather(own, rows, dim, ids, batch, out);
      };
      setup.add(label, run, verify);
    }
  });
  const byLoop = (calls: number): void => {
    for (let call = 0; call < calls; call++) gatherByLoop(table, dim, ids, out);
  };
  const bySet = (calls: number): void => {
    for (let call = 0; call < calls; call++) gatherBySet(table, dim, ids, out);
  };
  setup.addPlain("loop", byLoop, verify);
  setup.addPlain("set", bySet, verify);
  setup.addLimit((machine, threads) => rowsLimit(machine, threads, lies, dim, ids, setup.nativeFloats(batch * dim)));

  if (implementations.some((backend) => kernelsFor(backend, rowKernels, batch * dim) !== backend.kernels(rowKernels))) {
    setup.notes.push(
      `${name}: so little is gathered by the specification in JavaScript, whatever the layer's backend: a call into it would take longer.`,
    );
  }
  return setup.prepared({
    op: "gather",
    sizes: { rows, dim, batch },
    arrays: { table, ids },
    ...lookAt(expected),
    tolerance: 0,
  });
}
