import type { StepKernels } from "../../../backend/backend.js";
import { type Backend, noRows } from "../../../backend/backend.js";
import { stepKernels } from "../../../backend/families/steps.js";
import { Generator } from "../../../random/generator.js";
import { drawFloats } from "../../floats.js";
import { specification } from "../../kernels.js";
import { type Case, count, type Family, gpt2, type Prepared, seed, type Wants } from "../case.js";
import { lookAt, otherOrder } from "../peers/job.js";
import { drawIds } from "../setup/ids.js";
import { copyLimit } from "../setup/limits.js";
import { stepAdamByLoop, stepSparseAdamByLoop } from "../setup/plain.js";
import { countMemories, Setup } from "../setup/setup.js";
import { verifyNear, verifyRows } from "../setup/verify.js";

/** `batch` rows of a (rows, dim) table, moved by SparseAdam; or all of them, by Adam. */
export interface StepSizes {
  readonly optimizer: "SparseAdam" | "Adam";
  readonly rows: number;
  readonly dim: number;
  readonly batch: number;
}

export const step: Family = {
  name: "step",
  legend:
    "Timed: the kernel of SparseAdam (OD: Adam, all rows) on a table and averages in the backend's memory: the cost is that of the touched rows, " +
    "whatever the table's size. Plain JS: the same by hand, in doubles. GB/s: each float of a gradient once read, of its row and averages " +
    "read and written. Limit: a memcpy of as many bytes.",
  cases: [
    stepCase("O4", "the same rows of a small table", { optimizer: "SparseAdam", rows: 10_000, dim: 16, batch: 4096 }),
    stepCase("O5", "of a larger one", { optimizer: "SparseAdam", rows: 100_000, dim: 16, batch: 4096 }),
    stepCase("O6", "of a large one", { optimizer: "SparseAdam", rows: 1_000_000, dim: 16, batch: 4096 }),
    stepCase("OD", "Adam over a whole table", { optimizer: "Adam", ...gpt2, batch: gpt2.rows }),
  ],
  custom: ({ rows = gpt2.rows, dim = gpt2.dim, batch = 4096 }) =>
    stepCase("custom", "", { optimizer: "SparseAdam", rows, dim, batch: Math.min(batch, rows) }),
};

export function stepCase(name: string, means: string, sizes: StepSizes): Case {
  const { rows, dim, batch, optimizer } = sizes;
  const isDense = optimizer === "Adam";
  return {
    family: "step",
    name,
    means,
    shape: `${isDense ? "all" : count(batch)} rows, ${count(rows)} x ${count(dim)}`,
    sizes: { ...sizes },
    work: { amount: 4 * batch * ((isDense ? 0 : 1) + 7 * dim), unit: "GB/s" },
    bytes: (implementations) => 4 * dim * (3 * rows * (countMemories(implementations) + 1) + 5 * batch),
    prepare: (implementations, wants) => prepare(name, sizes, implementations, wants),
  };
}

type Tables = readonly [weight: Float32Array, expAvg: Float32Array, expAvgSq: Float32Array];

const start = Math.fround(0.1);

/** The numbers of a tenth step: the learning rate over its correction, 1 - beta1, 1 - beta2, eps. */
const sparseNumbers = [1.5e-4, 0.1, 0.001, 1e-8].map(Math.fround) as [number, number, number, number];

/** Those of Adam's first step with its usual settings: stepSize … keep. */
const [lr, beta1, beta2, eps] = [1e-3, 0.9, 0.999, 1e-8];
const denseNumbers = [lr / (1 - beta1), beta1, 1 - beta1, beta2, 1 - beta2, Math.sqrt(1 - beta2), eps, 0, 1].map(
  Math.fround,
) as [number, number, number, number, number, number, number, number, number];

function prepare(
  name: string,
  { optimizer, rows, dim, batch }: StepSizes,
  implementations: readonly Backend[],
  wants: Wants,
): Prepared {
  const generator = new Generator(seed);
  const isDense = optimizer === "Adam";
  const list = drawIds("spread", rows, batch, generator);
  const grad = drawFloats(batch * dim, generator);
  const numFloats = rows * dim;
  const average = isDense ? 0 : start; // Adam begins with nothing, as PyTorch's does
  const starts = [start, average, average];
  // Each row moves by itself: those that are touched are a small table to the specification.
  const [expected, ...averages] = starts.map((value) => new Float32Array(batch * dim).fill(value));
  const move = (kernels: StepKernels, [weight, m, v]: Tables, numRows: number, touched: Uint32Array): number =>
    isDense
      ? kernels.stepAdam(weight, m, v, numRows, dim, noRows, batch, grad, ...denseNumbers)
      : kernels.stepSparseAdam(weight, m, v, numRows, dim, touched, batch, grad, ...sparseNumbers);
  move(specification, [expected, averages[0], averages[1]], batch, noRows);

  const setup = new Setup(name, wants);
  const touched = new Float32Array(batch * dim);
  const add = (
    way: (run: (calls: number) => void, verify: (where: string) => void) => void,
    tables: () => Tables,
    run: (tables: Tables) => void,
    tolerance = 0,
  ): void => {
    tables().forEach((table, which) => {
      table.fill(starts[which]);
    });
    const repeat = (calls: number): void => {
      const views = tables();
      for (let call = 0; call < calls; call++) run(views);
    };
    way(repeat, (where) => {
      specification.gather(tables()[0], rows, dim, list, batch, touched);
      if (tolerance === 0) verifyRows(where, "weight", dim, touched, expected);
      else verifyNear(where, touched, expected, tolerance, (place) => `weight[${place}]`);
    });
  };
  setup.each(implementations, (backend, label) => {
    const block = setup.blockOf(backend, 3 * numFloats * 4);
    const tables = (): Tables => {
      const all = block.f32(0, 3 * numFloats);
      const part = (which: number): Float32Array => all.subarray(which * numFloats, (which + 1) * numFloats);
      return [part(0), part(1), part(2)];
    };
    add(
      (run, verify) => setup.add(label, run, verify),
      tables,
      (views) => move(backend.kernels(stepKernels), views, rows, list),
    );
  });
  const plain: Tables = [new Float32Array(numFloats), new Float32Array(numFloats), new Float32Array(numFloats)];
  const byHand = (tables: Tables): void => {
    if (isDense) stepAdamByLoop(tables, grad, { lr: denseNumbers[0], beta1, beta2, eps, root: denseNumbers[5] });
    else stepSparseAdamByLoop(tables, dim, list, grad, sparseNumbers);
  };
  add(
    (run, verify) => setup.addPlain("loop", run, verify),
    () => plain,
    byHand,
    otherOrder,
  );
  setup.addLimit((machine, threads) => copyLimit(machine, threads, 4 * batch * (1 + 7 * dim)));
  return setup.prepared({
    op: isDense ? "adam" : "step",
    sizes: { rows, dim, batch, start, ...(isDense ? { lr, betas: [beta1, beta2], eps } : { numbers: sparseNumbers }) },
    arrays: isDense ? { grad } : { list, grad },
    ...lookAt(expected),
    tolerance: otherOrder,
  });
}
