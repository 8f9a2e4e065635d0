import type { Backend } from "../../../backend/backend.js";
import { EmbeddingBag } from "../../../layers/embeddingBag.js";
import { Generator } from "../../../random/generator.js";
import { drawFloats } from "../../floats.js";
import { type Case, count, type Prepared, seed, type Wants } from "../case.js";
import { lookAt, otherOrder } from "../peers/job.js";
import { describeIds, drawIds, type Ids } from "../setup/ids.js";
import { sparseByLoop } from "../setup/plain.js";
import { Setup } from "../setup/setup.js";
import { sparseGradient, verifySparse } from "../setup/verifySparse.js";

/** The gradient of the sums of `batch` bags of a (rows, dim) table. */
export interface BagsBackwardSizes {
  readonly rows: number;
  readonly dim: number;
  readonly batch: number;
  readonly bagSize: number;
  readonly ids: Ids;
}

export function backwardBags(name: string, means: string, sizes: BagsBackwardSizes): Case {
  const { rows, dim, batch, bagSize, ids } = sizes;
  const numIds = batch * bagSize;
  return {
    family: "bags",
    name,
    means,
    shape: `${count(batch)} x ${bagSize} ${describeIds(ids)}, ${count(rows)} x ${count(dim)}, backward`,
    sizes: { ...sizes },
    work: { amount: 4 * (numIds * (1 + 2 * dim) + batch * dim), unit: "GB/s" },
    bytes: (implementations) => 4 * (implementations.length + 1) * (rows + 2 * numIds) * dim,
    prepare: (implementations, wants) => prepare(name, sizes, implementations, wants),
  };
}

function prepare(
  name: string,
  { rows, dim, batch, bagSize, ids: kind }: BagsBackwardSizes,
  implementations: readonly Backend[],
  wants: Wants,
): Prepared {
  const generator = new Generator(seed);
  const ids = drawIds(kind, rows, batch * bagSize, generator);
  const gradOut = drawFloats(batch * dim, generator);
  const expected = sparseGradient(rows, dim, ids, gradOut, bagSize);

  const setup = new Setup(name, wants);
  const zeros = new Float32Array(rows * dim); // the gradient of a sum does not depend on the table
  const options = { embeddingDim: dim, mode: "sum", sparse: true, freeze: false } as const;
  setup.each(implementations, (_, label) => {
    const layer = setup.keep(EmbeddingBag.fromPretrained(zeros, { ...options, backend: label }));
    const run = (calls: number): void => {
      for (let call = 0; call < calls; call++) {
        layer.weight.zeroGrad();
        layer.backward({ indices: ids, bagSize }, gradOut);
      }
    };
    setup.add(label, run, (where) => verifySparse(where, dim, layer.weight.grad, expected));
  });
  let made = expected;
  const byHand = (calls: number): void => {
    for (let call = 0; call < calls; call++) made = sparseByLoop(dim, ids, gradOut, bagSize);
  };
  setup.addPlain("loop", byHand, (where) => verifySparse(where, dim, { kind: "sparse", ...made }, expected));
  return setup.prepared({
    op: "bagsSparse",
    sizes: { rows, dim, batch, bagSize },
    arrays: { ids, gradOut },
    ...lookAt(expected.values),
    tolerance: otherOrder,
  });
}
