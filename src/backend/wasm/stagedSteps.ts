import type { Kernels } from "../backend.js";
import { specification } from "../js/js.js";
import { firstRowOutside } from "../js/rows.js";
import type { Exports } from "./exports.js";
import type { Heap } from "./heap.js";

/** The kernels that move a table and what is remembered of it. */
export type StepKernels = Pick<
  Kernels,
  "stepSGD" | "stepAdagrad" | "stepRowwiseAdagrad" | "stepAdam" | "stepSparseAdam"
>;

/** An array of a table's rows: so many floats each, or none at all. */
interface Table {
  readonly array: Float32Array;
  readonly width: number;
}

/** Calls the kernel on a chunk of rows: where its tables start, of how many rows, which rows, how many, and their gradients. */
type Call = (tables: readonly number[], numEmbeddings: number, rows: number, numRows: number, grad: number) => number;

/**
 * The step kernels over typed arrays from anywhere: tables at home are passed by pointer, rows and gradients that are not go through the
 * window, some at a time. Where a table is not at home, the specification moves it where it lies.
 */
export function stagedSteps(exports: Exports, heap: Heap, window: number, capacity: number): StepKernels {
  /** The count that the kernel returns, or -1 when it cannot be used. */
  function run(
    tables: readonly Table[],
    numEmbeddings: number,
    embeddingDim: number,
    rows: Uint32Array,
    numRows: number,
    grad: Float32Array,
    call: Call,
  ): number {
    if (!tables.every(({ array }) => array.length === 0 || heap.holds(array))) return -1;
    const isDense = rows.length === 0;
    const rowsHome = isDense || heap.holds(rows);
    const gradHome = heap.holds(grad);
    const perRow = (rowsHome ? 0 : 1) + (gradHome ? 0 : embeddingDim);
    const chunk = perRow === 0 ? numRows : Math.floor(capacity / perRow);
    if (chunk === 0 && numRows > 0) return -1;
    if (numRows > chunk) {
      const known = firstRowOutside(rows, numRows, numEmbeddings);
      if (known < numRows) return known;
    }
    const { f32, u32 } = heap;
    for (let start = 0; start < numRows; start += chunk) {
      const count = Math.min(chunk, numRows - start);
      let room = window;
      let list = isDense ? 0 : rows.byteOffset + start * 4;
      if (!rowsHome) {
        list = room;
        room += count * 4;
        u32.set(rows.subarray(start, start + count), list >>> 2);
      }
      let from = grad.byteOffset + start * embeddingDim * 4;
      if (!gradHome) {
        from = room;
        f32.set(grad.subarray(start * embeddingDim, (start + count) * embeddingDim), from >>> 2);
      }
      const first = isDense ? start : 0;
      const at = tables.map(({ array, width }) => (array.length === 0 ? 0 : array.byteOffset + first * width * 4));
      const done = call(at, numEmbeddings - first, list, count, from) >>> 0;
      if (done < count) return start + done;
    }
    return numRows;
  }

  return {
    stepSGD(weight, momentumBuffer, numEmbeddings, embeddingDim, rows, numRows, grad, ...rest) {
      const tables = [weight, momentumBuffer].map((array) => ({ array, width: embeddingDim }));
      const [lr, momentum, undamped, nesterov, weightDecay] = rest;
      const numbers = [lr, momentum, undamped, nesterov ? 1 : 0, weightDecay] as const;
      const done = run(tables, numEmbeddings, embeddingDim, rows, numRows, grad, ([w, b], count, list, some, from) =>
        exports.stepSGD(w, b, count, embeddingDim, list, some, from, ...numbers),
      );
      if (done >= 0) return done;
      return specification.stepSGD(weight, momentumBuffer, numEmbeddings, embeddingDim, rows, numRows, grad, ...rest);
    },

    stepAdagrad(weight, sum, numEmbeddings, embeddingDim, rows, numRows, grad, ...rest) {
      const tables = [weight, sum].map((array) => ({ array, width: embeddingDim }));
      const done = run(tables, numEmbeddings, embeddingDim, rows, numRows, grad, ([w, s], count, list, some, from) =>
        exports.stepAdagrad(w, s, count, embeddingDim, list, some, from, ...rest),
      );
      return done >= 0
        ? done
        : specification.stepAdagrad(weight, sum, numEmbeddings, embeddingDim, rows, numRows, grad, ...rest);
    },

    stepRowwiseAdagrad(weight, sum, numEmbeddings, embeddingDim, rows, numRows, grad, ...rest) {
      const tables = [
        { array: weight, width: embeddingDim },
        { array: sum, width: 1 },
      ];
      const [lr, eps, weightDecay, decoupled] = rest;
      const numbers = [lr, eps, weightDecay, decoupled ? 1 : 0] as const;
      const done = run(tables, numEmbeddings, embeddingDim, rows, numRows, grad, ([w, s], count, list, some, from) =>
        exports.stepRowwiseAdagrad(w, s, count, embeddingDim, list, some, from, ...numbers),
      );
      if (done >= 0) return done;
      return specification.stepRowwiseAdagrad(weight, sum, numEmbeddings, embeddingDim, rows, numRows, grad, ...rest);
    },

    stepAdam(weight, expAvg, expAvgSq, numEmbeddings, embeddingDim, rows, numRows, grad, ...rest) {
      const tables = [weight, expAvg, expAvgSq].map((array) => ({ array, width: embeddingDim }));
      const done = run(tables, numEmbeddings, embeddingDim, rows, numRows, grad, ([w, m, v], count, list, some, from) =>
        exports.stepAdam(w, m, v, count, embeddingDim, list, some, from, ...rest),
      );
      if (done >= 0) return done;
      return specification.stepAdam(
        weight,
        expAvg,
        expAvgSq,
        numEmbeddings,
        embeddingDim,
        rows,
        numRows,
        grad,
        ...rest,
      );
    },

    stepSparseAdam(weight, expAvg, expAvgSq, numEmbeddings, embeddingDim, rows, numRows, grad, ...rest) {
      const tables = [weight, expAvg, expAvgSq].map((array) => ({ array, width: embeddingDim }));
      const done = run(tables, numEmbeddings, embeddingDim, rows, numRows, grad, ([w, m, v], count, list, some, from) =>
        exports.stepSparseAdam(w, m, v, count, embeddingDim, list, some, from, ...rest),
      );
      if (done >= 0) return done;
      return specification.stepSparseAdam(
        weight,
        expAvg,
        expAvgSq,
        numEmbeddings,
        embeddingDim,
        rows,
        numRows,
        grad,
        ...rest,
      );
    },
  };
}
