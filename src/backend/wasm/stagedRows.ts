import type { RowKernels } from "../backend.js";
import { firstOutside } from "../js/firstOutside.js";
import { gather } from "../js/gather.js";
import { scatterAdd } from "../js/scatterAdd.js";
import { stagedGatherSum } from "./stagedGatherSum.js";
import type { Staging } from "./staging.js";

/** The kernels that move rows: the table has to be at home, lists and rows go through the window in chunks. */
export function stagedRows(staging: Staging): RowKernels {
  const { exports, heap, rows } = staging;
  return {
    gather(weight, numEmbeddings, embeddingDim, indices, numIndices, out) {
      // Each is asked for its buffer once: Room.place and takeHome would cost a small lookup 20 ns, and Room.carry 13.
      const outHome = heap.holds(out);
      const listHome = numIndices === 0 || heap.holds(indices);
      const chunk = rows.rowsAtOnce(numIndices, (listHome ? 0 : 1) + (outHome ? 0 : embeddingDim));
      if (!heap.holds(weight) || (chunk === 0 && numIndices > 0)) {
        return gather(weight, numEmbeddings, embeddingDim, indices, numIndices, out);
      }
      // The kernel sees its own chunk only: when there are more, all indices are looked at first.
      const known = numIndices > chunk ? firstOutside(indices, numIndices, numEmbeddings) : numIndices;
      if (known < numIndices) return known;
      const table = weight.byteOffset;
      for (let start = 0; start < numIndices; start += chunk) {
        const count = Math.min(chunk, numIndices - start);
        rows.restart();
        const from = listHome ? indices.byteOffset + start * 4 : rows.bring(indices, start, count);
        const to = outHome ? out.byteOffset + start * embeddingDim * 4 : rows.keep(count * embeddingDim);
        const done = exports.gather(table, numEmbeddings, embeddingDim, from, count, to) >>> 0;
        if (done < count) return start + done;
        if (!outHome) rows.takeHome(out, start * embeddingDim, count * embeddingDim, to);
      }
      return numIndices;
    },

    gatherSum: stagedGatherSum(staging),

    scatterAdd(table, numEmbeddings, embeddingDim, indices, numIndices, paddingIdx, gradOut) {
      const chunk = rows.rowsAtOnce(numIndices, rows.words(indices, 1) + rows.words(gradOut, embeddingDim));
      if (!heap.holds(table) || (chunk === 0 && numIndices > 0)) {
        return scatterAdd(table, numEmbeddings, embeddingDim, indices, numIndices, paddingIdx, gradOut);
      }
      const known = numIndices > chunk ? firstOutside(indices, numIndices, numEmbeddings) : numIndices;
      if (known < numIndices) return known;
      const to = table.byteOffset;
      for (let start = 0; start < numIndices; start += chunk) {
        const count = Math.min(chunk, numIndices - start);
        rows.restart();
        const list = rows.carry(indices, start, count);
        const from = rows.carry(gradOut, start * embeddingDim, count * embeddingDim);
        const done = exports.scatterAdd(to, numEmbeddings, embeddingDim, list, count, paddingIdx, from) >>> 0;
        if (done < count) return start + done;
      }
      return numIndices;
    },
  };
}
