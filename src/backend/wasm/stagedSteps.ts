import type { StepKernels } from "../backend.js";
import { firstRowOutside } from "../js/rows.js";
import { stepAdagrad } from "../js/stepAdagrad.js";
import { stepAdam } from "../js/stepAdam.js";
import { stepRowwiseAdagrad } from "../js/stepRowwiseAdagrad.js";
import { stepSGD } from "../js/stepSGD.js";
import { stepSparseAdam } from "../js/stepSparseAdam.js";
import type { Staging } from "./staging.js";

/** Calls the kernel on a chunk of rows: the row its tables start at, which rows, how many, and their gradients. */
type Call = (first: number, rows: number, numRows: number, grad: number) => number;

/**
 * The step kernels over typed arrays from anywhere: tables at home are passed by pointer, rows and gradients that are not go through the
 * window, some at a time. Where a table is not at home, the specification moves it where it lies.
 */
export function stagedSteps({ exports, heap, rows: room }: Staging): StepKernels {
  /** The count that the kernel returns, or undefined when it cannot be used. */
  function run(
    tables: readonly Float32Array[],
    numEmbeddings: number,
    embeddingDim: number,
    rows: Uint32Array,
    numRows: number,
    grad: Float32Array,
    call: Call,
  ): number | undefined {
    for (const table of tables) if (table.length > 0 && !heap.holds(table)) return undefined;
    const chunk = room.rowsAtOnce(numRows, room.words(rows, 1) + room.words(grad, embeddingDim));
    if (chunk === 0 && numRows > 0) return undefined;
    if (numRows > chunk) {
      const known = firstRowOutside(rows, numRows, numEmbeddings);
      if (known < numRows) return known;
    }
    const isDense = rows.length === 0;
    for (let start = 0; start < numRows; start += chunk) {
      const count = Math.min(chunk, numRows - start);
      room.restart();
      const list = room.carry(rows, start, count);
      const from = room.carry(grad, start * embeddingDim, count * embeddingDim);
      const done = call(isDense ? start : 0, list, count, from) >>> 0;
      if (done < count) return start + done;
    }
    return numRows;
  }

  /** The address of a row of a table, or of none. */
  const at = (table: Float32Array, row: number, width: number): number =>
    table.length === 0 ? 0 : table.byteOffset + row * width * 4;

  // biome-ignore format: one call a kernel
  return {
    stepSGD(...all) {
      const [weight, momentumBuffer, numEmbeddings, dim, rows, numRows, grad] = all;
      const [, , , , , , , lr, momentum, undamped, nesterov, weightDecay] = all;
      return run([weight, momentumBuffer], numEmbeddings, dim, rows, numRows, grad, (first, list, count, from) =>
        exports.stepSGD(
          at(weight, first, dim), at(momentumBuffer, first, dim), numEmbeddings - first, dim, list, count, from,
          lr, momentum, undamped, nesterov ? 1 : 0, weightDecay,
        ),
      ) ?? stepSGD(...all);
    },

    stepAdagrad(...all) {
      const [weight, sum, numEmbeddings, dim, rows, numRows, grad, lr, eps, weightDecay] = all;
      return run([weight, sum], numEmbeddings, dim, rows, numRows, grad, (first, list, count, from) =>
        exports.stepAdagrad(
          at(weight, first, dim), at(sum, first, dim), numEmbeddings - first, dim, list, count, from,
          lr, eps, weightDecay,
        ),
      ) ?? stepAdagrad(...all);
    },

    stepRowwiseAdagrad(...all) {
      const [weight, sum, numEmbeddings, dim, rows, numRows, grad, lr, eps, weightDecay, decoupled] = all;
      return run([weight, sum], numEmbeddings, dim, rows, numRows, grad, (first, list, count, from) =>
        exports.stepRowwiseAdagrad(
          at(weight, first, dim), at(sum, first, 1), numEmbeddings - first, dim, list, count, from,
          lr, eps, weightDecay, decoupled ? 1 : 0,
        ),
      ) ?? stepRowwiseAdagrad(...all);
    },

    stepAdam(...all) {
      const [weight, expAvg, expAvgSq, numEmbeddings, dim, rows, numRows, grad] = all;
      const [, , , , , , , , stepSize, beta1, gain1, beta2, gain2, rootCorrection, eps, weightDecay, keep] = all;
      return run([weight, expAvg, expAvgSq], numEmbeddings, dim, rows, numRows, grad, (first, list, count, from) =>
        exports.stepAdam(
          at(weight, first, dim), at(expAvg, first, dim), at(expAvgSq, first, dim), numEmbeddings - first, dim,
          list, count, from, stepSize, beta1, gain1, beta2, gain2, rootCorrection, eps, weightDecay, keep,
        ),
      ) ?? stepAdam(...all);
    },

    stepSparseAdam(...all) {
      const [weight, expAvg, expAvgSq, numEmbeddings, dim, rows, numRows, grad, stepSize, gain1, gain2, eps] = all;
      return run([weight, expAvg, expAvgSq], numEmbeddings, dim, rows, numRows, grad, (first, list, count, from) =>
        exports.stepSparseAdam(
          at(weight, first, dim), at(expAvg, first, dim), at(expAvgSq, first, dim), numEmbeddings - first, dim,
          list, count, from, stepSize, gain1, gain2, eps,
        ),
      ) ?? stepSparseAdam(...all);
    },
  };
}
