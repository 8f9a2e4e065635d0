import { expect } from "vitest";
import type { Backend, Kernels } from "../../src/backend/backend.js";
import { allKernels } from "../../src/cli/kernels.js";
import { type Filling, filled, type Random } from "./cases.js";
import { type Place, withPlaced } from "./placed.js";

export const numEmbeddings = 37;
const f = Math.fround;

/** The arrays of a step, the weight first, and whatever comes behind grad. */
export interface Step {
  readonly name: string;
  /** Floats a row of each state: as many as the weight's, one, or none at all. */
  readonly states: readonly ("dim" | "one" | "none")[];
  call(
    kernels: Kernels,
    tables: readonly Float32Array[],
    dim: number,
    rows: Uint32Array,
    numRows: number,
    grad: Float32Array,
  ): number;
}

const sgd = (momentum: number, nesterov: boolean, weightDecay: number): Step => ({
  name: `stepSGD, momentum ${momentum}, nesterov ${nesterov}, decay ${weightDecay}`,
  states: [momentum === 0 ? "none" : "dim"],
  call: (kernels, [w, b], dim, rows, numRows, grad) =>
    kernels.stepSGD(
      ...([w, b, numEmbeddings, dim, rows, numRows, grad] as const),
      ...([f(0.1), f(momentum), f(0.8), nesterov, f(weightDecay)] as const),
    ),
});

const adagrad = (weightDecay: number): Step => ({
  name: `stepAdagrad, decay ${weightDecay}`,
  states: ["dim"],
  call: (kernels, [w, s], dim, rows, numRows, grad) =>
    kernels.stepAdagrad(w, s, numEmbeddings, dim, rows, numRows, grad, f(0.1), f(1e-10), f(weightDecay)),
});

const rowwise = (weightDecay: number, decoupled: boolean): Step => ({
  name: `stepRowwiseAdagrad, decay ${weightDecay}, decoupled ${decoupled}`,
  states: ["one"],
  call: (kernels, [w, s], dim, rows, numRows, grad) =>
    kernels.stepRowwiseAdagrad(
      ...([w, s, numEmbeddings, dim, rows, numRows, grad, f(0.1), f(1e-8), f(weightDecay), decoupled] as const),
    ),
});

const adam = (weightDecay: number, keep: number): Step => ({
  name: `stepAdam, decay ${weightDecay}, keep ${keep}`,
  states: ["dim", "dim"],
  call: (kernels, [w, m, v], dim, rows, numRows, grad) =>
    kernels.stepAdam(
      ...([w, m, v, numEmbeddings, dim, rows, numRows, grad] as const),
      ...([f(0.1), f(0.9), f(0.1), f(0.999), f(0.001), f(0.03), f(1e-8), f(weightDecay), f(keep)] as const),
    ),
});

const sparseAdam: Step = {
  name: "stepSparseAdam",
  states: ["dim", "dim"],
  call: (kernels, [w, m, v], dim, rows, numRows, grad) =>
    kernels.stepSparseAdam(
      ...([w, m, v, numEmbeddings, dim, rows, numRows, grad, f(0.1), f(0.1), f(0.001), f(1e-8)] as const),
    ),
};

export const steps = [
  ...[sgd(0, false, 0), sgd(0, false, 0.01), sgd(0.9, false, 0), sgd(0.9, true, 0.01)],
  ...[adagrad(0), adagrad(0.01), rowwise(0, false), rowwise(0.01, false), rowwise(0.01, true)],
  ...[adam(0, 1), adam(0.01, 1), adam(0, 0.99), sparseAdam],
];

/** Distinct rows in any order, ascending ones, one, none; and "dense", which is what no list stands for. */
export function rowLists(random: Random): Record<string, Uint32Array | "dense"> {
  const all = Array.from({ length: numEmbeddings }, (_, row) => row);
  const shuffled = all.map((row) => [random.uint32(), row]).sort(([a], [b]) => a - b);
  const some = Uint32Array.from(shuffled.slice(0, 23).map(([, row]) => row));
  return {
    dense: "dense",
    "no rows": new Uint32Array(0),
    "the last row": Uint32Array.of(numEmbeddings - 1),
    "23 rows in any order": some,
    "23 rows ascending": some.slice().sort(),
  };
}

const widthOf = (state: Step["states"][number], dim: number) => ({ dim, one: 1, none: 0 })[state];

export interface Arrays {
  readonly tables: readonly Float32Array[];
  readonly rows: Uint32Array;
  readonly numRows: number;
  readonly grad: Float32Array;
}

export function arraysOf(
  random: Random,
  step: Step,
  dim: number,
  list: Uint32Array | "dense",
  filling: Filling,
): Arrays {
  const widths = [dim, ...step.states.map((state) => widthOf(state, dim))];
  const numRows = list === "dense" ? numEmbeddings : list.length;
  return {
    tables: widths.map((width) => filled(random, numEmbeddings * width, filling)),
    rows: list === "dense" ? new Uint32Array(0) : list,
    numRows,
    grad: filled(random, numRows * dim, filling),
  };
}

/** Runs a step where `places` says and expects what `after` says of the tables, and the count. */
export function runPlaced(
  random: Random,
  backend: Backend,
  step: Step,
  dim: number,
  { tables, rows, numRows, grad }: Arrays,
  places: readonly Place[],
  expected: { readonly done: number; readonly after: readonly Float32Array[] },
  what: string,
): void {
  withPlaced(random, backend, places, [...tables, rows, grad], (...placed) => {
    // An empty array says "none": one that goes on over the guards would not be empty.
    const views = tables.map((table, t) => (table.length === 0 ? table : placed[t].floats));
    const list = rows.length === 0 ? rows : placed[tables.length].words;
    const done = step.call(allKernels(backend), views, dim, list, numRows, placed[tables.length + 1].floats);
    expect(done, what).toBe(expected.done);
    for (const [t, table] of expected.after.entries()) placed[t].expect(table, `${what}, table ${t}, ${places}`);
    placed[tables.length + 1].expect(grad, "grad");
  });
}
