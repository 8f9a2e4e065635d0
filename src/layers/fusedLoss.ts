import { noFloats, noPadding } from "../backend/backend.js";
import type { Call } from "../backend/calls.js";
import { log } from "../elementary.js";
import type { Parameter } from "../parameter.js";
import type { Work } from "../work.js";
import { type Chunk, chunkColumns, columnsOfGradients, planWalk, rowsOfSums, walkChunks } from "./chunks.js";
import type { Scratches } from "./scratch.js";

const f = Math.fround;

/** Floats of a row's statistics and coefficients: see `sumExponentials` and `softmaxGradient`. */
const statisticsWidth = 3;

/** What {@link fusedLoss} needs to know. */
export interface FusedLoss {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  readonly scratches: Scratches;
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
 *
 * A pass is kernel calls and nothing between them, so that it need not come back to the event loop for every chunk: the targets' logits are
 * dot products of their own, which have the same bits, and what is subtracted there is a scatterAdd to single floats.
 */
export function* fusedLoss({ weight, bias, scratches, ...given }: FusedLoss): Work<RowLosses> {
  const { hidden, targets, scales, labelSmoothing, gradHidden } = given;
  const [numEmbeddings, dim] = weight.shape;
  const n = targets.length;
  const { rowsAtOnce, keepsAll, logitFloats } = planWalk(n, numEmbeddings, dim);
  const losses = { target: new Float64Array(n), mean: new Float64Array(n) };
  if (gradHidden !== null) {
    weight.reserveDense();
    bias?.reserveDense();
  }
  const scratch = scratches.take();
  try {
    // From here on nothing is allocated in the backend, so views stay what they are.
    // Small batches are laid out beside their logits, at home; of a large one a copy would be memory, and carrying it through WASM's window
    // is nothing to the products of a large table.
    const laidOut = keepsAll ? rowsAtOnce * dim : 0;
    const [statistics, ones, targetLogits, logits, homeStates, homeGradStates] = scratch.take(
      ...[rowsAtOnce * statisticsWidth, rowsAtOnce, rowsAtOnce, logitFloats, laidOut, laidOut],
    );
    const table = weight.data;
    const biasData = bias?.data ?? noFloats;
    const gradWeight = gradHidden === null ? null : weight.openDense();
    const gradBias = gradHidden === null || bias === null ? null : bias.openDense();
    if (n === 0) for (const each of [gradWeight, gradBias]) if (each && !each.accumulate) each.values.fill(0);
    ones.fill(1);
    const everyRow = new Uint32Array(rowsAtOnce + 1);
    for (let i = 0; i <= rowsAtOnce; i++) everyRow[i] = i;

    for (let top = 0; top < n; top += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, n - top);
      const rowTargets = targets.subarray(top, top + rows);
      const hiddenRows = hidden.subarray(top * dim, (top + rows) * dim);
      const gradHiddenRows = gradHidden?.subarray(top * dim, (top + rows) * dim);
      const [states, gradStates] = keepsAll ? [homeStates, homeGradStates] : [hiddenRows, gradHiddenRows];
      if (keepsAll) states.set(hiddenRows);
      /** A chunk's part of the table and of the bias, and where its logits are. */
      const partsOf = ({ first, count }: Chunk) => {
        const start = keepsAll ? rows * first : 0;
        const chunkLogits = logits.subarray(start, start + rows * count);
        const rowsOfTable = table.subarray(first * dim, (first + count) * dim);
        return { chunkLogits, rowsOfTable, chunkBias: biasData.subarray(first, first + count) };
      };

      for (let i = 0; i < rows; i++) statistics.set([Number.NEGATIVE_INFINITY, 0, 0], i * statisticsWidth);
      const targetsAsBags = [rowTargets, rows, everyRow, rows, noPadding] as const; // each a bag of its own
      yield [["dotBags", [table, numEmbeddings, dim, ...targetsAsBags, states, targetLogits]]];
      const summedAtOnce = keepsAll ? rows : Math.min(rows, rowsOfSums);
      yield* walkChunks(numEmbeddings, chunkColumns, rows * dim, (chunk) => {
        const { count } = chunk;
        const { chunkLogits, rowsOfTable, chunkBias } = partsOf(chunk);
        const calls: Call[] = [];
        for (let start = 0; start < rows; start += summedAtOnce) {
          const some = Math.min(summedAtOnce, rows - start);
          const someStates = states.subarray(start * dim, (start + some) * dim);
          const someStatistics = statistics.subarray(start * statisticsWidth, (start + some) * statisticsWidth);
          const someLogits = chunkLogits.subarray(0, some * count);
          calls.push(["matmulNT", [someStates, rowsOfTable, some, count, dim, false, someLogits]]);
          calls.push(["sumExponentials", [someStatistics, someLogits, some, count, chunkBias]]);
        }
        return calls;
      });

      for (let i = 0; i < rows; i++) {
        const [greatest, sum, logitSum] = statistics.subarray(i * statisticsWidth, (i + 1) * statisticsWidth);
        const targetLogit = bias === null ? targetLogits[i] : f(targetLogits[i] + biasData[rowTargets[i]]);
        const logOfSum = log(sum);
        losses.target[top + i] = logOfSum - (targetLogit - greatest);
        losses.mean[top + i] = logOfSum + (greatest - logitSum / numEmbeddings);
        const scale = scales[top + i];
        statistics[i * statisticsWidth + 1] = scale / sum;
        statistics[i * statisticsWidth + 2] = (scale * labelSmoothing) / numEmbeddings;
      }
      if (gradHiddenRows === undefined || gradStates === undefined) continue;

      const columns = keepsAll ? chunkColumns : columnsOfGradients;
      yield* walkChunks(numEmbeddings, columns, 3 * rows * dim, (chunk) => {
        const { first, count } = chunk;
        const { chunkLogits, rowsOfTable, chunkBias } = partsOf(chunk);
        const calls: Call[] = [];
        if (!keepsAll) calls.push(["matmulNT", [states, rowsOfTable, rows, count, dim, false, chunkLogits]]);
        calls.push(["softmaxGradient", [chunkLogits, rows, count, chunkBias, statistics]]);
        const places = new Uint32Array(rows);
        const less = new Float32Array(rows);
        let found = 0;
        for (let i = 0; i < rows; i++) {
          const column = rowTargets[i] - first;
          if (column < 0 || column >= count) continue;
          places[found] = i * count + column;
          less[found++] = -f(scales[top + i] * (1 - labelSmoothing));
        }
        calls.push(["scatterAdd", [chunkLogits, rows * count, 1, places, found, noPadding, less]]);
        if (gradWeight !== null) {
          const to = gradWeight.values.subarray(first * dim, (first + count) * dim);
          calls.push(["matmulTN", [chunkLogits, states, count, dim, rows, gradWeight.accumulate || top > 0, to]]);
        }
        if (gradBias !== null) {
          const to = gradBias.values.subarray(first, first + count);
          calls.push(["matmulNN", [ones, chunkLogits, 1, count, rows, gradBias.accumulate || top > 0, to]]);
        }
        calls.push(["matmulNN", [chunkLogits, rowsOfTable, rows, dim, count, first > 0, gradStates]]);
        return calls;
      });
      if (keepsAll) gradHiddenRows.set(gradStates.subarray(0, rows * dim));
    }

    if (gradWeight !== null) weight.keepDense(gradWeight);
    if (gradBias !== null) bias!.keepDense(gradBias);
    return losses;
  } finally {
    scratches.give(scratch);
  }
}
