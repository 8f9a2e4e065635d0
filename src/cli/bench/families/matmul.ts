import type { Backend } from "../../../backend/backend.js";
import { matmulKernels } from "../../../backend/families/matmul.js";
import { Generator } from "../../../random/generator.js";
import { drawFloats } from "../../floats.js";
import { type Case, type Family, gpt2, type Prepared, seed, type Wants } from "../case.js";
import { otherOrder } from "../peers/job.js";
import { operationsLimit, readLimit } from "../setup/limits.js";
import { matmulNNByLoop, matmulNTByLoop } from "../setup/plain.js";
import { countMemories, Setup, swift } from "../setup/setup.js";
import { type ProductSizes, sampleProduct, verifyProduct } from "../setup/verify.js";

const rowsOf = (m: number): ProductSizes => ({ layout: "NT", m, n: gpt2.rows, k: gpt2.dim });
const square = (size: number): ProductSizes => ({ layout: "NN", m: size, n: size, k: size });

export const matmul: Family = {
  name: "matmul",
  legend:
    "Timed: the kernel. The table of logits (^T) lies in the backend's memory, as a layer's does; else all matrices are the caller's. Plain JS: " +
    "the textbook's loops by hand. GFLOP/s: 2mnk operations. Limits: the table once read, the operations in registers, fused.",
  cases: [
    productCase("M1", "logits of 64 hidden states", rowsOf(64)),
    productCase("M2", "logits of one hidden state", rowsOf(1)),
    ...[2, 4, 8, 16, 32].map((m) => productCase(`N${m}`, `logits of ${m}`, rowsOf(m))),
    productCase("M3a", "square", square(512)),
    productCase("M3b", "square", square(1024)),
    productCase("M4", "one-hot rows x table", { layout: "NN", m: 1024, n: gpt2.dim, k: gpt2.rows }, true),
  ],
  custom: ({ rows = gpt2.rows, dim = gpt2.dim, batch = 64 }) =>
    productCase("custom", "logits", { layout: "NT", m: batch, n: rows, k: dim }),
};

export function productCase(name: string, means: string, sizes: ProductSizes, isOneHot = false): Case {
  const { layout, m, n, k } = sizes;
  const operations = 2 * m * n * k;
  return {
    family: "matmul",
    name,
    means,
    shape: `${isOneHot ? "one-hot " : ""}[${m}, ${k}] x [${layout === "NT" ? `${n}, ${k}]^T` : `${k}, ${n}]`}`,
    sizes: { ...sizes },
    work: { amount: operations, unit: "GFLOP/s" },
    bytes: (implementations) =>
      4 * (n * k * (layout === "NT" ? countMemories(implementations) + 1 : 1) + 2 * m * (n + k)),
    prepare: (implementations, wants) => prepare(name, sizes, isOneHot, implementations, wants),
  };
}

function prepare(
  name: string,
  sizes: ProductSizes,
  isOneHot: boolean,
  implementations: readonly Backend[],
  wants: Wants,
): Prepared {
  const { layout, m, n, k } = sizes;
  const generator = new Generator(seed);
  const a = isOneHot ? new Float32Array(m * k) : drawFloats(m * k, generator);
  if (isOneHot) for (let i = 0; i < m; i++) a[i * k + Math.floor(generator.float64() * k)] = 1;
  const b = drawFloats(n * k, generator);
  const out = new Float32Array(m * n).fill(Number.NaN);
  const sample = sampleProduct(sizes, a, b);
  const verifyWithin =
    (tolerance: number) =>
    (where: string): void => {
      verifyProduct(where, sample, (row, column) => out[row * n + column], tolerance);
      out.fill(Number.NaN);
    };

  const setup = new Setup(name, wants);
  const { taken, plain, left } = swift(implementations, 2 * m * n * k);
  if (left.length > 0) setup.notes.push(`${name}: left out, for they would take minutes: ${left.join(", ")}.`);
  setup.each(taken, (backend, label) => {
    const kernels = backend.kernels(matmulKernels);
    if (layout === "NN") {
      const run = (calls: number): void => {
        for (let call = 0; call < calls; call++) kernels.matmulNN(a, b, m, n, k, false, out);
      };
      setup.add(label, run, verifyWithin(0));
      return;
    }
    const block = setup.blockOf(backend, n * k * 4, (own) => own.f32(0, n * k).set(b));
    const run = (calls: number): void => {
      const table = block.f32(0, n * k);
      for (let call = 0; call < calls; call++) kernels.matmulNT(a, table, m, n, k, false, out);
    };
    setup.add(label, run, verifyWithin(0));
  });
  const multiply = layout === "NT" ? matmulNTByLoop : matmulNNByLoop;
  const byLoop = (calls: number): void => {
    for (let call = 0; call < calls; call++) multiply(a, b, m, n, k, out);
  };
  if (plain) setup.addPlain("loop", byLoop, verifyWithin(otherOrder));
  if (layout === "NT") setup.addLimit((machine, threads) => readLimit(machine, threads, huge(setup, b)));
  setup.addLimit((machine, threads) => operationsLimit(machine, threads, 2 * m * n * k));

  const places = sample.rows.flatMap((row) => sample.columns.map((column) => row * n + column));
  return setup.prepared({
    op: "matmul",
    sizes: { ...sizes },
    arrays: { a, b },
    places,
    expected: sample.expected,
    tolerance: otherOrder,
  });
}

/** A copy where tables lie: in huge pages. */
function huge(setup: Setup, floats: Float32Array): Float32Array {
  const copy = setup.nativeFloats(floats.length);
  copy.set(floats);
  return copy;
}
