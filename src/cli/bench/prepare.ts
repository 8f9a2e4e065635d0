import type { Backend, Block } from "../../backend/backend.js";
import { bagSum, noPadding } from "../../backend/backend.js";
import { specification } from "../../backend/js/js.js";
import { implementationName, kernelsFor } from "../../backend/select.js";
import { Embedding } from "../../layers/embedding.js";
import { EmbeddingBag } from "../../layers/embeddingBag.js";
import { Generator } from "../../random/generator.js";
import { drawFloats } from "../floats.js";
import { bagSize, type Case, countIds, type ProductCase, type RowsCase } from "./cases.js";
import { drawIds } from "./ids.js";
import { type Task, timed } from "./measure.js";
import {
  gatherByLoop,
  gatherBySet,
  matmulNNByLoop,
  matmulNTByLoop,
  scatterAddByLoop,
  stepSparseAdamByLoop,
  sumBagsByLoop,
} from "./plain.js";
import { type ProductSample, sampleProduct, verifyProduct, verifyRows } from "./verify.js";

/** A case with its memory laid out and every implementation's bits looked at: ready to be timed. */
export interface Prepared {
  readonly tasks: readonly Task[];
  /** The tasks that are plain JavaScript: the fastest of them is what the others are compared with. */
  readonly plain: readonly string[];
  /** What the reader of the figures should know. */
  readonly notes: readonly string[];
  /** The operands, where something from outside may multiply them too. */
  readonly product?: { readonly a: Float32Array; readonly b: Float32Array; readonly sample: ProductSample };
  dispose(): void;
}

/** Every case draws from a generator of its own, so that its inputs do not depend on which cases ran before. */
const seed = 1;

/** What another order of sums may change, relative to the greatest output: the loop by hand does not keep ours. */
const otherOrder = 1e-4;

/** Throws when an implementation gives other bits than the specification. */
export function prepare(timedCase: Case, implementations: readonly Backend[]): Prepared {
  if (timedCase.kernel === "matmul") return prepareProduct(timedCase, implementations);
  if (timedCase.kernel === "bags") return prepareBags(timedCase, implementations);
  if (timedCase.kernel === "step") return prepareStep(timedCase, implementations);
  return timedCase.kernel === "gather"
    ? prepareGather(timedCase, implementations)
    : prepareScatterAdd(timedCase, implementations);
}

/** How many arrays of the table's size {@link prepare} makes at once. */
export function countTables(timedCase: Case, implementations: readonly Backend[]): number {
  const memories = new Set(implementations.map(memoryOf)).size;
  if (timedCase.kernel === "gather" || timedCase.kernel === "bags") return implementations.length + 1;
  if (timedCase.kernel === "step") return 3 * memories + 3; // with the averages
  return memories + (timedCase.kernel === "matmul" ? 1 : 2);
}

/** Timed is the public call, Embedding.forward(ids, out), with all its checks: each layer has a table of its own. */
function prepareGather(timedCase: RowsCase, implementations: readonly Backend[]): Prepared {
  const { name, rows, dim, batch } = timedCase;
  const generator = new Generator(seed);
  const table = drawFloats(rows * dim, generator);
  const ids = drawIds(timedCase.ids, rows, batch, generator);
  const out = new Float32Array(batch * dim);
  const expected = new Float32Array(batch * dim);
  specification.gather(table, rows, dim, ids, batch, expected);

  const setup = new Setup();
  const verified = (label: string, run: (calls: number) => void): void => {
    out.fill(Number.NaN);
    const sample = timed(run);
    const firstCallSeconds = sample(1);
    verifyRows(`${name}: ${label}`, "out", dim, out, expected);
    setup.tasks.push({ label, sample, firstCallSeconds });
  };
  for (const backend of implementations) {
    const label = implementationName(backend);
    setup.enter(name, label, () => {
      const layer = Embedding.fromPretrained(table, { embeddingDim: dim, backend: label });
      setup.keep(layer);
      verified(label, (calls) => {
        for (let call = 0; call < calls; call++) layer.forward(ids, out);
      });
    });
  }
  const byLoop = "plain JS (loop)";
  const bySet = "plain JS (set)";
  verified(byLoop, (calls) => {
    for (let call = 0; call < calls; call++) gatherByLoop(table, dim, ids, out);
  });
  verified(bySet, (calls) => {
    for (let call = 0; call < calls; call++) gatherBySet(table, dim, ids, out);
  });

  const stayed = implementations.filter((backend) => kernelsFor(backend, batch * dim) !== backend.kernels);
  if (stayed.length > 0) {
    setup.notes.push(
      `${name}: so little is gathered by the specification in JavaScript, whatever the layer's backend: a call into it would take longer.`,
    );
  }
  return setup.prepared([byLoop, bySet]);
}

/** Timed is the public call, EmbeddingBag.forward({ indices, bagSize }, out) with mode "sum", with all its checks. */
function prepareBags(timedCase: RowsCase, implementations: readonly Backend[]): Prepared {
  const { name, rows, dim, batch } = timedCase;
  const generator = new Generator(seed);
  const table = drawFloats(rows * dim, generator);
  const indices = drawIds(timedCase.ids, rows, countIds(timedCase), generator);
  const out = new Float32Array(batch * dim);
  const expected = new Float32Array(batch * dim);
  const offsets = Uint32Array.from({ length: batch + 1 }, (_, b) => b * bagSize);
  specification.gatherBags(
    ...([table, rows, dim, indices, indices.length, offsets, batch, bagSum, noPadding] as const),
    ...([new Float32Array(0), expected] as const),
  );

  const setup = new Setup();
  const verified = (label: string, run: (calls: number) => void): void => {
    out.fill(Number.NaN);
    const sample = timed(run);
    const firstCallSeconds = sample(1);
    verifyRows(`${name}: ${label}`, "out", dim, out, expected);
    setup.tasks.push({ label, sample, firstCallSeconds });
  };
  for (const backend of implementations) {
    const label = implementationName(backend);
    setup.enter(name, label, () => {
      const layer = EmbeddingBag.fromPretrained(table, { embeddingDim: dim, mode: "sum", backend: label });
      setup.keep(layer);
      verified(label, (calls) => {
        for (let call = 0; call < calls; call++) layer.forward({ indices, bagSize }, out);
      });
    });
  }
  const byLoop = "plain JS (loop)";
  verified(byLoop, (calls) => {
    for (let call = 0; call < calls; call++) sumBagsByLoop(table, dim, indices, bagSize, out);
  });
  return setup.prepared([byLoop]);
}

/** Timed is the kernel, adding to a table that is never cleared in between. */
function prepareScatterAdd(timedCase: RowsCase, implementations: readonly Backend[]): Prepared {
  const { name, rows, dim, batch } = timedCase;
  const generator = new Generator(seed);
  const ids = drawIds(timedCase.ids, rows, batch, generator);
  const gradOut = drawFloats(batch * dim, generator);
  const start = 0.1; // no power of two: the first sum rounds already
  const numFloats = rows * dim;
  const expected = new Float32Array(numFloats).fill(start);
  specification.scatterAdd(expected, rows, dim, ids, batch, noPadding, gradOut);

  const setup = new Setup();
  const verified = (label: string, table: () => Float32Array, run: (calls: number) => void): void => {
    table().fill(start);
    const sample = timed(run);
    const firstCallSeconds = sample(1);
    verifyRows(`${name}: ${label}`, "gradWeight", dim, table(), expected);
    setup.tasks.push({ label, sample, firstCallSeconds });
  };
  for (const backend of implementations) {
    const label = implementationName(backend);
    setup.enter(name, label, () => {
      const block = setup.blockOf(backend, numFloats * 4);
      const { kernels } = backend;
      const table = (): Float32Array => block.f32(0, numFloats);
      verified(label, table, (calls) => {
        const gradWeight = table();
        for (let call = 0; call < calls; call++) {
          kernels.scatterAdd(gradWeight, rows, dim, ids, batch, noPadding, gradOut);
        }
      });
    });
  }
  const byLoop = "plain JS (loop)";
  const plainTable = new Float32Array(numFloats);
  verified(
    byLoop,
    () => plainTable,
    (calls) => {
      for (let call = 0; call < calls; call++) scatterAddByLoop(plainTable, dim, ids, gradOut);
    },
  );
  return setup.prepared([byLoop]);
}

/** Timed is the kernel, with the numbers of a tenth step of SparseAdam, moving the same rows again and again. */
function prepareStep(timedCase: RowsCase, implementations: readonly Backend[]): Prepared {
  const { name, rows, dim, batch } = timedCase;
  const generator = new Generator(seed);
  const list = drawIds(timedCase.ids, rows, batch, generator);
  const grad = drawFloats(batch * dim, generator);
  const numbers = [1.5e-4, 0.1, 0.001, 1e-8].map(Math.fround) as [number, number, number, number];
  const start = 0.1;
  const numFloats = rows * dim;
  // Each row moves by itself: those that are touched are a small table to the specification.
  const [expected, ...averages] = [start, start, start].map((value) => new Float32Array(batch * dim).fill(value));
  const some = new Uint32Array(0);
  specification.stepSparseAdam(expected, averages[0], averages[1], batch, dim, some, batch, grad, ...numbers);

  const setup = new Setup();
  const touched = new Float32Array(batch * dim);
  const verified = (label: string, tables: () => Tables, run: (tables: Tables) => void, tolerance = 0): void => {
    for (const table of tables()) table.fill(start);
    const sample = timed((calls) => {
      const views = tables();
      for (let call = 0; call < calls; call++) run(views);
    });
    const firstCallSeconds = sample(1);
    specification.gather(tables()[0], rows, dim, list, batch, touched);
    const isNear = (value: number, i: number): boolean => Math.abs(value - expected[i]) <= tolerance;
    if (tolerance === 0 || !touched.every(isNear)) verifyRows(`${name}: ${label}`, "weight", dim, touched, expected);
    setup.tasks.push({ label, sample, firstCallSeconds });
  };
  for (const backend of implementations) {
    const label = implementationName(backend);
    setup.enter(name, label, () => {
      const block = setup.blockOf(backend, 3 * numFloats * 4);
      const tables = (): Tables => {
        const all = block.f32(0, 3 * numFloats);
        const part = (which: number): Float32Array => all.subarray(which * numFloats, (which + 1) * numFloats);
        return [part(0), part(1), part(2)];
      };
      verified(label, tables, ([weight, expAvg, expAvgSq]) => {
        backend.kernels.stepSparseAdam(weight, expAvg, expAvgSq, rows, dim, list, batch, grad, ...numbers);
      });
    });
  }
  const byLoop = "plain JS (loop)";
  const plain: Tables = [new Float32Array(numFloats), new Float32Array(numFloats), new Float32Array(numFloats)];
  const run = (tables: Tables): void => stepSparseAdamByLoop(tables, dim, list, grad, numbers);
  verified(byLoop, () => plain, run, otherOrder);
  return setup.prepared([byLoop]);
}

type Tables = readonly [weight: Float32Array, expAvg: Float32Array, expAvgSq: Float32Array];

/** Timed is the kernel: on a table in the backend's memory where there is one (NT), else on the caller's arrays, as `matmul` would be. */
function prepareProduct(timedCase: ProductCase, implementations: readonly Backend[]): Prepared {
  const { name, layout, m, n, k } = timedCase;
  const generator = new Generator(seed);
  const a = drawFloats(m * k, generator);
  const b = drawFloats(n * k, generator);
  const out = new Float32Array(m * n);
  const places = sampleProduct(timedCase, a, b);

  const setup = new Setup();
  const verified = (label: string, run: (calls: number) => void, tolerance = 0): void => {
    out.fill(Number.NaN);
    const sample = timed(run);
    const firstCallSeconds = sample(1);
    verifyProduct(`${name}: ${label}`, places, (row, column) => out[row * n + column], tolerance);
    setup.tasks.push({ label, sample, firstCallSeconds });
  };
  for (const backend of implementations) {
    const label = implementationName(backend);
    const { kernels } = backend;
    setup.enter(name, label, () => {
      if (layout === "NN") {
        verified(label, (calls) => {
          for (let call = 0; call < calls; call++) kernels.matmulNN(a, b, m, n, k, false, out);
        });
        return;
      }
      const block = setup.blockOf(backend, n * k * 4);
      block.f32(0, n * k).set(b);
      verified(label, (calls) => {
        const table = block.f32(0, n * k);
        for (let call = 0; call < calls; call++) kernels.matmulNT(a, table, m, n, k, false, out);
      });
    });
  }
  const byLoop = "plain JS (loop)";
  const multiply = layout === "NT" ? matmulNTByLoop : matmulNNByLoop;
  const run = (calls: number): void => {
    for (let call = 0; call < calls; call++) multiply(a, b, m, n, k, out);
  };
  verified(byLoop, run, otherOrder);
  return { ...setup.prepared([byLoop]), product: { a, b, sample: places } };
}

/** Native implementations share one kind of memory, and so a table; each of the others has memory of its own. */
function memoryOf(backend: Backend): string {
  return backend.name === "native" ? backend.name : implementationName(backend);
}

/** What a case holds on to until it is over. */
class Setup {
  readonly tasks: Task[] = [];
  readonly notes: string[] = [];
  readonly #kept: Disposable[] = [];
  readonly #blocks = new Map<string, Block>();

  /** Lays an implementation out; one whose memory cannot hold the table is left out, and a note says why. */
  enter(caseName: string, label: string, layOut: () => void): void {
    try {
      layOut();
    } catch (error) {
      if ((error as { code?: string }).code === "ERR_OUT_OF_MEMORY") {
        this.notes.push(`${caseName}: ${label} is left out: ${(error as Error).message}.`);
        return;
      }
      this.#dispose();
      throw error;
    }
  }

  blockOf(backend: Backend, byteLength: number): Block {
    const key = memoryOf(backend);
    let block = this.#blocks.get(key);
    if (block === undefined) {
      block = backend.allocate(byteLength);
      this.#blocks.set(key, block);
    }
    return block;
  }

  keep(disposable: Disposable): void {
    this.#kept.push(disposable);
  }

  prepared(plain: readonly string[]): Prepared {
    return { tasks: this.tasks, plain, notes: this.notes, dispose: () => this.#dispose() };
  }

  #dispose(): void {
    for (const kept of this.#kept) kept[Symbol.dispose]();
    for (const block of this.#blocks.values()) block.dispose();
    this.#kept.length = 0;
    this.#blocks.clear();
  }
}
