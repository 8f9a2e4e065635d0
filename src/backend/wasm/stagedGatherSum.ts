import type { Kernels } from "../backend.js";
import { firstOutside } from "../js/firstOutside.js";
import { gatherSum } from "../js/gatherSum.js";
import type { Staging } from "./staging.js";

/**
 * gatherSum over typed arrays from anywhere: both tables at home, indices and out carried through the window in chunks. A chunk ends with
 * a sequence, or is a part of one: then it is a short sequence that starts later.
 */
export function stagedGatherSum({ exports, heap, rows: room }: Staging): Kernels["gatherSum"] {
  return (weight, numEmbeddings, embeddingDim, indices, numIndices, positionWeight, sequenceLength, start, out) => {
    const chunk = room.rowsAtOnce(numIndices, room.words(indices, 1) + room.words(out, embeddingDim));
    if (!heap.holds(weight) || !heap.holds(positionWeight) || (chunk === 0 && numIndices > 0)) {
      // biome-ignore format: one call
      return gatherSum(
        weight, numEmbeddings, embeddingDim, indices, numIndices, positionWeight, sequenceLength, start, out,
      );
    }
    const known = numIndices > chunk ? firstOutside(indices, numIndices, numEmbeddings) : numIndices;
    if (known < numIndices) return known;
    const table = weight.byteOffset;
    const positions = positionWeight.byteOffset;
    const whole = numIndices > chunk ? Math.floor(chunk / sequenceLength) * sequenceLength : numIndices;
    for (let at = 0, count = 0; at < numIndices; at += count) {
      const into = whole > 0 ? 0 : at % sequenceLength;
      count = Math.min(whole > 0 ? whole : Math.min(chunk, sequenceLength - into), numIndices - at);
      room.restart();
      const from = room.carry(indices, at, count);
      const to = room.place(out, at * embeddingDim, count * embeddingDim);
      // biome-ignore format: one call
      const done = exports.gatherSum(
        table, numEmbeddings, embeddingDim, from, count, positions, sequenceLength, start + into, to,
      ) >>> 0;
      if (done < count) return at + done;
      room.takeHome(out, at * embeddingDim, count * embeddingDim, to);
    }
    return numIndices;
  };
}
