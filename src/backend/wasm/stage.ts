import type { Kernels } from "../backend.js";
import { firstOutside } from "../js/firstOutside.js";
import { specification } from "../js/js.js";
import type { Exports } from "./exports.js";
import type { Heap } from "./heap.js";
import { Room } from "./room.js";
import { stagedBags } from "./stagedBags.js";
import { stagedGatherSum } from "./stagedGatherSum.js";
import { stagedLoss } from "./stagedLoss.js";
import { StagedProduct } from "./stagedProduct.js";
import { stagedSteps } from "./stagedSteps.js";
import { stagedWord2Vec } from "./stagedWord2Vec.js";

/** How large the window is: matrix products gain little from more, and an isolate of 128 MB can spare it (ARCHITECTURE.md). */
export const defaultWindowBytes = 2 * 1024 * 1024;

/** Rows go through the first half MiB only: what a chunk leaves in the second-level cache is still there when it is carried on. */
const rowChunkFloats = 128 * 1024;

/**
 * The kernels over typed arrays from anywhere. Arguments at *home*, in the heap's memory, are passed by pointer and cost nothing. Others
 * are *staged*: carried through one fixed window in linear memory, chunk by chunk, so that a call needs no more memory than the window
 * and never grows it. Chunks end where the order of sums allows it: the bits do not depend on what is at home.
 *
 * The rows of a table that is not at home are touched once each, so carrying them in and back would cost more than the work: there the
 * specification does it where they lie.
 */
export function stagedKernels(exports: Exports, heap: Heap, windowBytes = defaultWindowBytes): Kernels {
  const window = heap.reserve(windowBytes);
  const capacity = windowBytes >>> 2;
  const whole = new Room(heap, window, capacity);
  const rows = new Room(heap, window, Math.min(capacity, rowChunkFloats));
  const product = (name: "matmulNN" | "matmulNT" | "matmulTN"): Kernels["matmulNN"] => {
    const staged = new StagedProduct(name, exports, heap, window, capacity);
    const kernel = exports[name];
    return (a, b, m, n, k, accumulate, out) => {
      if (heap.holds(a) && heap.holds(b) && heap.holds(out)) {
        kernel(a.byteOffset, b.byteOffset, m, n, k, accumulate ? 1 : 0, out.byteOffset);
      } else staged.run(a, b, m, n, k, accumulate, out);
    };
  };

  return {
    gather(weight, numEmbeddings, embeddingDim, indices, numIndices, out) {
      // Each is asked for its buffer once: Room.place and takeHome would cost a small lookup 20 ns, and Room.carry 13.
      const outHome = heap.holds(out);
      const listHome = numIndices === 0 || heap.holds(indices);
      const chunk = rows.rowsAtOnce(numIndices, (listHome ? 0 : 1) + (outHome ? 0 : embeddingDim));
      if (!heap.holds(weight) || (chunk === 0 && numIndices > 0)) {
        return specification.gather(weight, numEmbeddings, embeddingDim, indices, numIndices, out);
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

    gatherSum: stagedGatherSum(exports, heap, rows),

    scatterAdd(table, numEmbeddings, embeddingDim, indices, numIndices, paddingIdx, gradOut) {
      const chunk = rows.rowsAtOnce(numIndices, rows.words(indices, 1) + rows.words(gradOut, embeddingDim));
      if (!heap.holds(table) || (chunk === 0 && numIndices > 0)) {
        return specification.scatterAdd(table, numEmbeddings, embeddingDim, indices, numIndices, paddingIdx, gradOut);
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

    ...stagedBags(exports, heap, rows),

    matmulNN: product("matmulNN"),
    matmulNT: product("matmulNT"),
    matmulTN: product("matmulTN"),
    ...stagedLoss(exports, whole),

    ...stagedSteps(exports, heap, rows),
    ...stagedWord2Vec(exports, heap, whole),
  };
}
