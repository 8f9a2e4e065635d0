import type { Kernels } from "../backend.js";
import { firstOutside } from "../js/firstOutside.js";
import { specification } from "../js/js.js";
import type { Exports } from "./exports.js";
import type { Heap } from "./heap.js";

/**
 * gatherSum over typed arrays from anywhere: both tables at home, indices and out carried through the window in chunks. A chunk ends with
 * a sequence, or is a part of one: then it is a short sequence that starts later.
 */
export function stagedGatherSum(
  { gatherSum }: Exports,
  heap: Heap,
  window: number,
  rowCapacity: number,
): Kernels["gatherSum"] {
  return (weight, numEmbeddings, embeddingDim, indices, numIndices, positionWeight, sequenceLength, start, out) => {
    const known = firstOutside(indices, numIndices, numEmbeddings);
    if (known < numIndices) return known;
    const indicesHome = heap.holds(indices);
    const outHome = heap.holds(out);
    const perIndex = (indicesHome ? 0 : 1) + (outHome ? 0 : embeddingDim);
    const chunk = perIndex === 0 ? numIndices : Math.floor(rowCapacity / perIndex);
    if (!heap.holds(weight) || !heap.holds(positionWeight) || (chunk === 0 && numIndices > 0)) {
      return specification.gatherSum(
        ...([weight, numEmbeddings, embeddingDim, indices, numIndices] as const),
        ...([positionWeight, sequenceLength, start, out] as const),
      );
    }
    const wholeSequences = Math.floor(chunk / sequenceLength) * sequenceLength;
    const { f32, u32 } = heap;
    for (let at = 0, count = 0; at < numIndices; at += count) {
      const into = wholeSequences > 0 ? 0 : at % sequenceLength;
      const most = wholeSequences > 0 ? wholeSequences : Math.min(chunk, sequenceLength - into);
      count = Math.min(most, numIndices - at);
      let room = window;
      let from = indices.byteOffset + at * 4;
      if (!indicesHome) {
        from = room;
        room += count * 4;
        u32.set(indices.subarray(at, at + count), from >>> 2);
      }
      const to = outHome ? out.byteOffset + at * embeddingDim * 4 : room;
      gatherSum(
        ...([weight.byteOffset, numEmbeddings, embeddingDim, from, count] as const),
        ...([positionWeight.byteOffset, sequenceLength, start + into, to] as const),
      );
      if (!outHome) out.set(f32.subarray(to >>> 2, (to >>> 2) + count * embeddingDim), at * embeddingDim);
    }
    return numIndices;
  };
}
