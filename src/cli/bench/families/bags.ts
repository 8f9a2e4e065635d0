import { type Backend, bagMax, bagMean, bagSum, noFloats, noPadding } from "../../../backend/backend.js";
import { type BagMode, EmbeddingBag } from "../../../layers/embeddingBag.js";
import { Generator } from "../../../random/generator.js";
import { drawFloats } from "../../floats.js";
import { specification } from "../../kernels.js";
import { type Case, count, type Family, million, type Prepared, seed, type Wants } from "../case.js";
import { lookAt, otherOrder } from "../peers/job.js";
import { describeIds, drawIds, type Ids } from "../setup/ids.js";
import { rowsLimit } from "../setup/limits.js";
import { maxBagsByLoop, sumBagsByLoop } from "../setup/plain.js";
import { Setup } from "../setup/setup.js";
import { verifyRows } from "../setup/verify.js";
import { backwardBags } from "./bagsBackward.js";

/** Ids per bag. */
export const bagSize = 32;

/** `batch` bags of rows of a (rows, dim) table, pooled. */
export interface BagsSizes {
  readonly rows: number;
  readonly dim: number;
  readonly batch: number;
  readonly ids: Ids;
  readonly mode: BagMode | "weighted";
}

export const bags: Family = {
  name: "bags",
  legend:
    "Timed: EmbeddingBag.forward({ indices, bagSize }, out), all its checks included; B1b: its backward, from zeroGrad() to a sparse " +
    "gradient. Plain JS: the same loop by hand, no checks. GB/s: each float of a row and each id once read, each result once written. " +
    "Limit: bare C++ loops that read the rows.",
  cases: [
    bagsCase("B1", "bags of short rows, summed", { ...million, batch: 4096, ids: "uniform", mode: "sum" }),
    bagsCase("B1m", "their means", { ...million, batch: 4096, ids: "uniform", mode: "mean" }),
    bagsCase("B1x", "their maxima", { ...million, batch: 4096, ids: "uniform", mode: "max" }),
    bagsCase("B1w", "weighted sums", { ...million, batch: 4096, ids: "uniform", mode: "weighted" }),
    backwardBags("B1b", "the gradient of sums", { ...million, batch: 4096, bagSize, ids: "uniform" }),
  ],
  custom: ({ rows = 50257, dim = 768, batch = 4096 }) =>
    bagsCase("custom", "", { rows, dim, batch, ids: "uniform", mode: "sum" }),
};

const codes = { sum: bagSum, weighted: bagSum, mean: bagMean, max: bagMax };

export function bagsCase(name: string, means: string, sizes: BagsSizes): Case {
  const { rows, dim, batch, ids, mode } = sizes;
  const numIds = batch * bagSize;
  return {
    family: "bags",
    name,
    means,
    shape: `${count(batch)} x ${bagSize} ${describeIds(ids)}, ${count(rows)} x ${count(dim)}, ${mode}`,
    sizes: { ...sizes, bagSize },
    work: { amount: 4 * (numIds * (mode === "weighted" ? 2 : 1) + (numIds + batch) * dim), unit: "GB/s" },
    bytes: (implementations) => 4 * ((implementations.length + 1) * rows * dim + 2 * batch * dim + numIds),
    prepare: (implementations, wants) => prepare(name, sizes, implementations, wants),
  };
}

function prepare(
  name: string,
  { rows, dim, batch, ids: kind, mode }: BagsSizes,
  implementations: readonly Backend[],
  wants: Wants,
): Prepared {
  const generator = new Generator(seed);
  const table = drawFloats(rows * dim, generator);
  const ids = drawIds(kind, rows, batch * bagSize, generator);
  const weights = mode === "weighted" ? drawFloats(ids.length, generator) : noFloats;
  const out = new Float32Array(batch * dim).fill(Number.NaN);
  const expected = new Float32Array(batch * dim);
  const offsets = Uint32Array.from({ length: batch + 1 }, (_, b) => b * bagSize);
  const lookup = [table, rows, dim, ids, ids.length, offsets, batch] as const;
  specification.gatherBags(...lookup, codes[mode], noPadding, weights, expected);

  const setup = new Setup(name, wants);
  const verify = (where: string): void => {
    verifyRows(where, "out", dim, out, expected);
    out.fill(Number.NaN);
  };
  const input = { indices: ids, bagSize, ...(mode === "weighted" && { perSampleWeights: weights }) };
  let lies = table; // where the limit finds it: in huge pages, if it lies there once
  setup.each(implementations, ({ name: memory }, label) => {
    const pooled = mode === "weighted" ? "sum" : mode;
    const options = { embeddingDim: dim, mode: pooled, backend: label } as const;
    const layer = setup.keep(EmbeddingBag.fromPretrained(table, options));
    if (memory === "native") lies = layer.weight.data;
    const run = (calls: number): void => {
      for (let call = 0; call < calls; call++) layer.forward(input, out);
    };
    setup.add(label, run, verify);
  });
  const byHand = (calls: number): void => {
    for (let call = 0; call < calls; call++) {
      if (mode === "max") maxBagsByLoop(table, dim, ids, bagSize, out);
      else sumBagsByLoop(table, dim, ids, bagSize, weights, mode === "mean", out);
    }
  };
  setup.addPlain("loop", byHand, verify);
  setup.addLimit((machine, threads) => rowsLimit(machine, threads, lies, dim, ids, noFloats));
  return setup.prepared({
    op: "bags",
    sizes: { rows, dim, batch, bagSize, mode },
    arrays: { table, ids, ...(mode === "weighted" && { weights }) },
    ...lookAt(expected),
    tolerance: otherOrder,
  });
}
