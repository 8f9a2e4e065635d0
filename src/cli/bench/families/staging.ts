import type { RowKernels } from "../../../backend/backend.js";
import { type Backend, noPadding } from "../../../backend/backend.js";
import { matmulKernels } from "../../../backend/families/matmul.js";
import { rowKernels } from "../../../backend/families/rows.js";
import { Generator } from "../../../random/generator.js";
import { drawFloats } from "../../floats.js";
import { specification } from "../../kernels.js";
import { type Case, count, type Family, gpt2, million, type Prepared, seed, type Wants } from "../case.js";
import { drawIds } from "../setup/ids.js";
import { Setup } from "../setup/setup.js";
import { type ProductSizes, sampleProduct, verifyProduct, verifyRows } from "../setup/verify.js";

/** What the label of a call whose arguments all lie in WASM memory ends with. */
export const atHome = ", at home";

/** `batch` rows of a (rows, dim) table, looked up or added to. */
export interface StagedRowsSizes {
  readonly kernel: "gather" | "scatterAdd";
  readonly rows: number;
  readonly dim: number;
  readonly batch: number;
}

const productSizes: ProductSizes = { layout: "NN", m: 1024, n: 1024, k: 1024 };
const logitSizes: ProductSizes = { layout: "NT", m: 64, n: gpt2.rows, k: gpt2.dim };

export const staging: Family = {
  name: "staging",
  legend:
    "Timed: the kernels in WASM with the caller's arrays, which are carried through a window in its memory, and with arrays that lie in that " +
    "memory, at home. The table is always at home. What the first takes more is the cost of staging.",
  cases: [
    stagedRows("W1", "rows to the caller", { kernel: "gather", ...million, batch: 65536 }),
    stagedRows("W2", "gradients from the caller", { kernel: "scatterAdd", ...million, batch: 65536 }),
    stagedProduct("W3", "three matrices of the caller's", productSizes),
    stagedProduct("W4", "hidden states and logits of the caller's", logitSizes),
  ],
};

export function stagedRows(name: string, means: string, sizes: StagedRowsSizes): Case {
  const { kernel, rows, dim, batch } = sizes;
  return {
    family: "staging",
    name,
    means,
    shape: `${kernel}, ${count(batch)} ids, ${count(rows)} x ${count(dim)}`,
    sizes: { ...sizes },
    work: { amount: 4 * batch * (1 + (kernel === "gather" ? 2 : 3) * dim), unit: "GB/s" },
    bytes: (implementations) => 4 * (implementations.length + 2) * (rows + 3 * batch) * dim,
    prepare: (implementations, wants) => prepareRows(name, sizes, implementations, wants),
  };
}

/** Memory of the backend's in parts, each asked for anew because it may move. */
function partsOf(setup: Setup, backend: Backend, lengths: readonly number[]): () => Float32Array[] {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const block = setup.blockOf(backend, 4 * total);
  return () => {
    let at = 0;
    return lengths.map((length) => {
      at += length;
      return block.f32(4 * (at - length), length);
    });
  };
}

/** Lays out those that stage, both ways. */
function eachInWasm(
  setup: Setup,
  implementations: readonly Backend[],
  layOut: (backend: Backend, label: string) => void,
): void {
  const inWasm = implementations.filter(({ name }) => name === "wasm");
  if (inWasm.length === 0) setup.notes.push("Nothing is timed: only WASM stages.");
  setup.each(inWasm, layOut);
}

function prepareRows(
  name: string,
  { kernel, rows, dim, batch }: StagedRowsSizes,
  implementations: readonly Backend[],
  wants: Wants,
): Prepared {
  const generator = new Generator(seed);
  const table = drawFloats(rows * dim, generator);
  const ids = drawIds("uniform", rows, batch, generator);
  const given = kernel === "gather" ? new Float32Array(batch * dim) : drawFloats(batch * dim, generator);
  const expected = kernel === "gather" ? given.slice() : table.slice();
  const call = (kernels: RowKernels, to: Float32Array, list: Uint32Array, other: Float32Array): number =>
    kernel === "gather"
      ? kernels.gather(to, rows, dim, list, batch, other)
      : kernels.scatterAdd(to, rows, dim, list, batch, noPadding, other);
  if (kernel === "gather") call(specification, table, ids, expected);
  else call(specification, expected, ids, given);

  const setup = new Setup(name, wants);
  eachInWasm(setup, implementations, (backend, label) => {
    const parts = partsOf(setup, backend, [rows * dim, batch * dim, batch]);
    for (const isHome of [false, true]) {
      parts()[0].set(table);
      const kernels = backend.kernels(rowKernels);
      const run = (calls: number): void => {
        const [home, homeOther, homeIds] = parts();
        const list = isHome ? new Uint32Array(homeIds.buffer, homeIds.byteOffset, batch) : ids;
        if (isHome) list.set(ids);
        if (isHome && kernel === "scatterAdd") homeOther.set(given);
        for (let times = 0; times < calls; times++) call(kernels, home, list, isHome ? homeOther : given);
      };
      setup.add(isHome ? label + atHome : label, run, (where) => {
        const [home, homeOther] = parts();
        verifyRows(where, "out", dim, kernel === "scatterAdd" ? home : isHome ? homeOther : given, expected);
      });
    }
  });
  return setup.prepared();
}

export function stagedProduct(name: string, means: string, sizes: ProductSizes): Case {
  const { layout, m, n, k } = sizes;
  return {
    family: "staging",
    name,
    means,
    shape: `[${m}, ${k}] x [${layout === "NT" ? `${n}, ${k}]^T` : `${k}, ${n}]`}`,
    sizes: { ...sizes },
    work: { amount: 2 * m * n * k, unit: "GFLOP/s" },
    bytes: (implementations) => 4 * (implementations.length + 1) * (n * k + m * (n + k)),
    prepare: (implementations, wants) => prepareProduct(name, sizes, implementations, wants),
  };
}

function prepareProduct(
  name: string,
  sizes: ProductSizes,
  implementations: readonly Backend[],
  wants: Wants,
): Prepared {
  const { layout, m, n, k } = sizes;
  const generator = new Generator(seed);
  const a = drawFloats(m * k, generator);
  const b = drawFloats(n * k, generator);
  const out = new Float32Array(m * n);
  const sample = sampleProduct(sizes, a, b);
  const setup = new Setup(name, wants);
  eachInWasm(setup, implementations, (backend, label) => {
    const parts = partsOf(setup, backend, [m * k, n * k, m * n]);
    const { matmulNT, matmulNN } = backend.kernels(matmulKernels);
    const multiply = layout === "NT" ? matmulNT : matmulNN;
    for (const isHome of [false, true]) {
      const [homeA, homeB] = parts();
      homeA.set(a);
      homeB.set(b);
      const run = (calls: number): void => {
        const [left, right, product] = parts();
        // A table of logits is at home in both.
        const table = isHome || layout === "NT" ? right : b;
        for (let times = 0; times < calls; times++) {
          multiply(isHome ? left : a, table, m, n, k, false, isHome ? product : out);
        }
      };
      setup.add(isHome ? label + atHome : label, run, (where) => {
        const product = isHome ? parts()[2] : out;
        verifyProduct(where, sample, (row, column) => product[row * n + column]);
      });
    }
  });
  return setup.prepared();
}
