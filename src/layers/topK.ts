import { noFloats } from "../backend/backend.js";
import type { LossKernels } from "../backend/families/loss.js";
import type { Parameter } from "../parameter.js";
import { newFloats, newIndices } from "../results.js";
import type { Work } from "../work.js";
import { chunkColumns, walkChunks } from "./chunks.js";
import type { Scratches } from "./scratch.js";

/** The greatest logits of each row, greatest first. */
export interface TopK {
  /** n x k rows of the table. */
  readonly indices: Uint32Array;
  /** n x k logits. */
  readonly values: Float32Array;
}

/** Hidden states at a time: with a chunk of the table's rows, 2 MiB of logits. */
const mostRows = 256;

/** @internal The k greatest logits of each hidden state, made in chunks of the table's rows. */
export function* chunkedTopK(
  weight: Parameter,
  bias: Parameter | null,
  scratches: Scratches,
  hidden: Float32Array,
  k: number,
): Work<TopK, LossKernels> {
  const [numEmbeddings, dim] = weight.shape;
  const n = hidden.length / dim;
  const indices = newIndices(n * k);
  const values = newFloats(n * k);
  const rowsAtOnce = Math.min(n, mostRows);
  const scratch = scratches.take();
  try {
    const [states, logits] = scratch.take(rowsAtOnce * dim, rowsAtOnce * Math.min(chunkColumns, numEmbeddings));
    const table = weight.data;
    const biasData = bias?.data ?? noFloats;
    for (let top = 0; top < n; top += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, n - top);
      const rowValues = values.subarray(top * k, (top + rows) * k);
      const rowIndices = indices.subarray(top * k, (top + rows) * k);
      states.set(hidden.subarray(top * dim, (top + rows) * dim));
      yield* walkChunks(numEmbeddings, chunkColumns, rows * dim, ({ first, count }) => {
        const rowsOfTable = table.subarray(first * dim, (first + count) * dim);
        const chunkBias = biasData.subarray(first, first + count);
        const isLast = first + count === numEmbeddings;
        return [
          ["matmulNT", [states, rowsOfTable, rows, count, dim, false, logits]],
          ["keepGreatest", [rowValues, rowIndices, k, first, isLast, logits, rows, count, chunkBias]],
        ];
      });
    }
    return { indices, values };
  } finally {
    scratches.give(scratch);
  }
}
