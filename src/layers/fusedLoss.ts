import { type Kernels, noFloats } from "../backend/backend.js";
import { log } from "../elementary.js";
import type { Parameter } from "../parameter.js";
import { chunkColumns, planWalk } from "./chunks.js";
import type { Scratch } from "./scratch.js";

const f = Math.fround;

/** Floats of a row's statistics and coefficients: see `sumExponentials` and `softmaxGradient`. */
const statisticsWidth = 3;

/** What {@link fusedLoss} needs to know. */
export interface FusedLoss {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  readonly kernels: Kernels;
  readonly scratch: Scratch;
  /** n rows that all count, in memory that does not move. */
  readonly hidden: Float32Array;
  /** The row of the table that each of them should have found. */
  readonly targets: Uint32Array;
  /** What each row's gradient is multiplied by. */
  readonly scales: Float32Array;
  readonly labelSmoothing: number;
  /** Where the gradient with respect to hidden goes; null when no gradients are wanted. */
  readonly gradHidden: Float32Array | null;
}

/** What a row's loss is made of. */
export interface RowLosses {
  /** -log softmax of the target. */
  readonly target: Float64Array;
  /** The mean of -log softmax over all classes. */
  readonly mean: Float64Array;
}

/**
 * Cross-entropy and its gradients without the n x V logits: the table's rows pass by in chunks, once for the sum of each row's
 * exponentials and once more, when the logits of a block of rows were too many to keep, for the gradients. What is kept changes no bit,
 * nor does the batch that a row is in.
 */
export function fusedLoss({ weight, bias, kernels, scratch, ...given }: FusedLoss): RowLosses {
  const { hidden, targets, scales, labelSmoothing, gradHidden } = given;
  const [numEmbeddings, dim] = weight.shape;
  const n = targets.length;
  const { rowsAtOnce, keepsAll, logitFloats } = planWalk(n, numEmbeddings, dim);
  const losses = { target: new Float64Array(n), mean: new Float64Array(n) };
  if (gradHidden !== null) {
    weight.reserveDense();
    bias?.reserveDense();
  }
  // From here on nothing is allocated in the backend, so views stay what they are.
  const [statistics, states, gradStates, ones, logits] = scratch.take(
    ...[rowsAtOnce * statisticsWidth, rowsAtOnce * dim, rowsAtOnce * dim, rowsAtOnce, logitFloats],
  );
  const table = weight.data;
  const biasData = bias?.data ?? noFloats;
  ones.fill(1);

  /** The chunks in turn, with the place of their logits; made anew unless they are still there. */
  const forEachChunk = (rows: number, made: boolean, visit: (logits: Float32Array, chunk: Chunk) => void): void => {
    for (let first = 0; first < numEmbeddings; first += chunkColumns) {
      const count = Math.min(chunkColumns, numEmbeddings - first);
      const start = keepsAll ? rows * first : 0;
      const chunkLogits = logits.subarray(start, start + rows * count);
      const rowsOfTable = table.subarray(first * dim, (first + count) * dim);
      const chunkBias = biasData.subarray(first, first + count);
      if (!made) kernels.matmulNT(states, rowsOfTable, rows, count, dim, false, chunkLogits);
      visit(chunkLogits, { first, count, rowsOfTable, chunkBias });
    }
  };

  const walk = (gradWeight: OpenGradient | null, gradBias: OpenGradient | null): void => {
    if (n === 0) for (const each of [gradWeight, gradBias]) if (each && !each.accumulate) each.values.fill(0);
    for (let top = 0; top < n; top += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, n - top);
      states.set(hidden.subarray(top * dim, (top + rows) * dim));
      const targetLogits = new Float64Array(rows);
      for (let i = 0; i < rows; i++) statistics.set([Number.NEGATIVE_INFINITY, 0, 0], i * statisticsWidth);
      forEachChunk(rows, false, (chunkLogits, { first, count, chunkBias }) => {
        kernels.sumExponentials(statistics, chunkLogits, rows, count, chunkBias);
        for (let i = 0; i < rows; i++) {
          const column = targets[top + i] - first;
          if (column < 0 || column >= count) continue;
          const logit = chunkLogits[i * count + column];
          targetLogits[i] = bias === null ? logit : f(logit + chunkBias[column]);
        }
      });
      for (let i = 0; i < rows; i++) {
        const [greatest, sum, logitSum] = statistics.subarray(i * statisticsWidth, (i + 1) * statisticsWidth);
        const logOfSum = log(sum);
        losses.target[top + i] = logOfSum - (targetLogits[i] - greatest);
        losses.mean[top + i] = logOfSum + (greatest - logitSum / numEmbeddings);
        const scale = scales[top + i];
        statistics[i * statisticsWidth + 1] = scale / sum;
        statistics[i * statisticsWidth + 2] = (scale * labelSmoothing) / numEmbeddings;
      }
      if (gradHidden === null) continue;
      forEachChunk(rows, keepsAll, (chunkLogits, { first, count, rowsOfTable, chunkBias }) => {
        kernels.softmaxGradient(chunkLogits, rows, count, chunkBias, statistics);
        for (let i = 0; i < rows; i++) {
          const column = targets[top + i] - first;
          if (column < 0 || column >= count) continue;
          chunkLogits[i * count + column] -= f(scales[top + i] * (1 - labelSmoothing));
        }
        if (gradWeight !== null) {
          const to = gradWeight.values.subarray(first * dim, (first + count) * dim);
          kernels.matmulTN(chunkLogits, states, count, dim, rows, gradWeight.accumulate || top > 0, to);
        }
        if (gradBias !== null) {
          const to = gradBias.values.subarray(first, first + count);
          kernels.matmulNN(ones, chunkLogits, 1, count, rows, gradBias.accumulate || top > 0, to);
        }
        kernels.matmulNN(chunkLogits, rowsOfTable, rows, dim, count, first > 0, gradStates);
      });
      gradHidden.set(gradStates.subarray(0, rows * dim), top * dim);
    }
  };

  if (gradHidden === null) walk(null, null);
  else withGradient(weight, (gradWeight) => withGradient(bias, (gradBias) => walk(gradWeight, gradBias)));
  return losses;
}

interface Chunk {
  /** The first row of the table in it. */
  readonly first: number;
  /** How many. */
  readonly count: number;
  readonly rowsOfTable: Float32Array;
  readonly chunkBias: Float32Array;
}

/** A gradient to write to: see `Parameter.addDense`. */
interface OpenGradient {
  readonly values: Float32Array;
  readonly accumulate: boolean;
}

/** Runs with the parameter's dense gradient, or with null where there is none to make. */
function withGradient(parameter: Parameter | null, run: (gradient: OpenGradient | null) => void): void {
  if (!parameter?.requiresGrad) run(null);
  else parameter.addDense((values, accumulate) => run({ values, accumulate }));
}
