import type { Kernels } from "../backend.js";
import { firstOutside } from "../js/firstOutside.js";
import { specification } from "../js/js.js";
import type { Exports } from "./exports.js";
import type { Heap } from "./heap.js";
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
  const rowCapacity = Math.min(capacity, rowChunkFloats);
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
      const indicesHome = heap.holds(indices);
      const outHome = heap.holds(out);
      const perIndex = (indicesHome ? 0 : 1) + (outHome ? 0 : embeddingDim);
      const chunk = perIndex === 0 ? numIndices : Math.floor(rowCapacity / perIndex);
      if (!heap.holds(weight) || (chunk === 0 && numIndices > 0)) {
        return specification.gather(weight, numEmbeddings, embeddingDim, indices, numIndices, out);
      }
      // The kernel sees its own chunk only: when there are more, all indices are looked at first.
      const known = numIndices > chunk ? firstOutside(indices, numIndices, numEmbeddings) : numIndices;
      if (known < numIndices) return known;
      const { f32, u32 } = heap;
      const table = weight.byteOffset;
      for (let start = 0; start < numIndices; start += chunk) {
        const count = Math.min(chunk, numIndices - start);
        let room = window;
        let from = indices.byteOffset + start * 4;
        if (!indicesHome) {
          from = room;
          room += count * 4;
          u32.set(slice(indices, start, count), from >>> 2);
        }
        const to = outHome ? out.byteOffset + start * embeddingDim * 4 : room;
        const done = exports.gather(table, numEmbeddings, embeddingDim, from, count, to) >>> 0;
        if (done < count) return start + done;
        if (!outHome) out.set(slice(f32, to >>> 2, count * embeddingDim), start * embeddingDim);
      }
      return numIndices;
    },

    gatherSum: stagedGatherSum(exports, heap, window, rowCapacity),

    scatterAdd(gradWeight, numEmbeddings, embeddingDim, indices, numIndices, paddingIdx, gradOut) {
      const indicesHome = heap.holds(indices);
      const gradOutHome = heap.holds(gradOut);
      const perIndex = (indicesHome ? 0 : 1) + (gradOutHome ? 0 : embeddingDim);
      const chunk = perIndex === 0 ? numIndices : Math.floor(rowCapacity / perIndex);
      if (!heap.holds(gradWeight) || (chunk === 0 && numIndices > 0)) {
        return specification.scatterAdd(
          gradWeight,
          numEmbeddings,
          embeddingDim,
          indices,
          numIndices,
          paddingIdx,
          gradOut,
        );
      }
      const known = numIndices > chunk ? firstOutside(indices, numIndices, numEmbeddings) : numIndices;
      if (known < numIndices) return known;
      const { f32, u32 } = heap;
      const table = gradWeight.byteOffset;
      for (let start = 0; start < numIndices; start += chunk) {
        const count = Math.min(chunk, numIndices - start);
        let room = window;
        let from = indices.byteOffset + start * 4;
        if (!indicesHome) {
          from = room;
          room += count * 4;
          u32.set(slice(indices, start, count), from >>> 2);
        }
        let rows = gradOut.byteOffset + start * embeddingDim * 4;
        if (!gradOutHome) {
          rows = room;
          f32.set(slice(gradOut, start * embeddingDim, count * embeddingDim), rows >>> 2);
        }
        const done = exports.scatterAdd(table, numEmbeddings, embeddingDim, from, count, paddingIdx, rows) >>> 0;
        if (done < count) return start + done;
      }
      return numIndices;
    },

    ...stagedBags(exports, heap, window, rowCapacity),

    matmulNN: product("matmulNN"),
    matmulNT: product("matmulNT"),
    matmulTN: product("matmulTN"),
    ...stagedLoss(exports, heap, window, capacity),

    ...stagedSteps(exports, heap, window, rowCapacity),
    ...stagedWord2Vec(exports, heap, window, windowBytes),
  };
}

/** The array itself where it is all wanted, for a subarray costs as much as copying a hundred floats. */
function slice<View extends Float32Array | Uint32Array>(view: View, start: number, count: number): View {
  return start === 0 && count === view.length ? view : (view.subarray(start, start + count) as View);
}
