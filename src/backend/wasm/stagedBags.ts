import type { BagKernels } from "../backend.js";
import { dotBags } from "../js/dotBags.js";
import { firstOutside } from "../js/firstOutside.js";
import { gatherBags } from "../js/gatherBags.js";
import { scatterAddBags } from "../js/scatterAddBags.js";
import { scatterAddMaxBags } from "../js/scatterAddMaxBags.js";
import type { Staging } from "./staging.js";

/** An array of which each bag has a part: so many words an index of it, and so many for itself. */
type Part = {
  readonly perIndex: number;
  readonly perBag: number;
} & (
  | { readonly array: Float32Array | Uint32Array; readonly isWritten?: never }
  /** It is written, all of it, and not read. */
  | { readonly array: Float32Array; readonly isWritten: true }
);

/** A run of whole bags, with where each part of theirs lies, the offsets counted from the run's first index. */
interface Run {
  readonly firstBag: number;
  readonly numBags: number;
  readonly firstIndex: number;
  readonly numIndices: number;
}

/**
 * The kernels of bags over typed arrays from anywhere. The table has to be at home, else the specification works where it lies. What else
 * is not at home is carried through the window, in runs of as many whole bags as fit; bags are independent, or added one after the other,
 * so the runs do not show in the bits. A bag that is too large for the window is the specification's as well.
 */
export function stagedBags({ exports, heap, rows: room }: Staging): BagKernels {
  /** Calls `run` with the pointers of the offsets and of the parts for every run, or `alone` for a bag that does not fit. */
  function forEachRun(
    offsets: Uint32Array,
    numBags: number,
    parts: readonly Part[],
    run: (at: Run, offsets: number, pointers: readonly number[]) => void,
    alone: (at: Run) => void,
  ): void {
    let perIndex = 0;
    let perBag = 1; // its offset
    for (const part of parts) {
      perIndex += room.words(part.array, part.perIndex);
      perBag += room.words(part.array, part.perBag);
    }
    for (let b = 0; b < numBags; ) {
      const firstIndex = offsets[b];
      let end = b;
      while (end < numBags && (offsets[end + 1] - firstIndex) * perIndex + (end + 1 - b) * perBag + 1 <= room.capacity)
        end++;
      const isAlone = end === b;
      if (isAlone) end++;
      const at = { firstBag: b, numBags: end - b, firstIndex, numIndices: offsets[end] - firstIndex };
      b = end;
      if (isAlone) alone(at);
      else carry(offsets, at, parts, run);
    }
  }

  function carry(
    offsets: Uint32Array,
    at: Run,
    parts: readonly Part[],
    run: (at: Run, offsets: number, pointers: readonly number[]) => void,
  ): void {
    room.restart();
    const ends = room.keep(at.numBags + 1);
    const { u32 } = heap;
    for (let b = 0; b <= at.numBags; b++) u32[(ends >>> 2) + b] = offsets[at.firstBag + b] - at.firstIndex;
    const pointers = parts.map(({ array, perIndex, perBag, isWritten }) => {
      const start = at.firstIndex * perIndex + at.firstBag * perBag;
      const count = at.numIndices * perIndex + at.numBags * perBag;
      return isWritten ? room.place(array, start, count) : room.carry(array, start, count);
    });
    run(at, ends, pointers);
    parts.forEach(({ array, perIndex, perBag, isWritten }, i) => {
      if (!isWritten) return;
      const start = at.firstIndex * perIndex + at.firstBag * perBag;
      room.takeHome(array, start, at.numIndices * perIndex + at.numBags * perBag, pointers[i]);
    });
  }

  // biome-ignore format: one call
  return {
    gatherBags(...all) {
      const [weight, numEmbeddings, dim, indices, numIndices, offsets, numBags, mode, paddingIdx, w, out] = all;
      if (!heap.holds(weight)) return gatherBags(...all);
      const done = firstOutside(indices, numIndices, numEmbeddings);
      if (done < numIndices) return done;
      const parts: Part[] = [
        { array: indices, perIndex: 1, perBag: 0 },
        { array: w, perIndex: w.length > 0 ? 1 : 0, perBag: 0 },
        { array: out, perIndex: 0, perBag: dim, isWritten: true },
      ];
      forEachRun(offsets, numBags, parts, (at, ends, [rows, weights, to]) => {
        exports.gatherBags(
          weight.byteOffset, numEmbeddings, dim, rows, at.numIndices, ends, at.numBags, mode, paddingIdx, weights, to,
        );
      }, (at) => {
        gatherBags(
          weight, numEmbeddings, dim, indicesOf(indices, at), at.numIndices, endsOf(at), 1, mode, paddingIdx,
          indicesOf(w, at), rowsOf(out, dim, at),
        );
      });
      return numIndices;
    },

    scatterAddBags(...all) {
      const [table, numEmbeddings, dim, indices, numIndices, offsets, numBags, paddingIdx, scales, grad] = all;
      if (!heap.holds(table)) return scatterAddBags(...all);
      const done = firstOutside(indices, numIndices, numEmbeddings);
      if (done < numIndices) return done;
      const parts: Part[] = [
        { array: indices, perIndex: 1, perBag: 0 },
        { array: scales, perIndex: scales.length > 0 ? 1 : 0, perBag: 0 },
        { array: grad, perIndex: 0, perBag: dim },
      ];
      forEachRun(offsets, numBags, parts, (at, ends, [rows, factors, from]) => {
        exports.scatterAddBags(
          table.byteOffset, numEmbeddings, dim, rows, at.numIndices, ends, at.numBags, paddingIdx, factors, from,
        );
      }, (at) => {
        scatterAddBags(
          table, numEmbeddings, dim, indicesOf(indices, at), at.numIndices, endsOf(at), 1, paddingIdx,
          indicesOf(scales, at), rowsOf(grad, dim, at),
        );
      });
      return numIndices;
    },

    scatterAddMaxBags(...all) {
      const [table, numRows, weight, numEmbeddings, dim, indices, places, numIndices] = all;
      const [, , , , , , , , offsets, numBags, paddingIdx, grad] = all;
      if (!heap.holds(table) || !heap.holds(weight)) return scatterAddMaxBags(...all);
      const done = firstOutside(places, firstOutside(indices, numIndices, numEmbeddings), numRows);
      if (done < numIndices) return done;
      const parts: Part[] = [
        { array: indices, perIndex: 1, perBag: 0 },
        { array: places, perIndex: 1, perBag: 0 },
        { array: grad, perIndex: 0, perBag: dim },
      ];
      forEachRun(offsets, numBags, parts, (at, ends, [rows, to, from]) => {
        exports.scatterAddMaxBags(
          table.byteOffset, numRows, weight.byteOffset, numEmbeddings, dim, rows, to, at.numIndices, ends, at.numBags,
          paddingIdx, from,
        );
      }, (at) => {
        scatterAddMaxBags(
          table, numRows, weight, numEmbeddings, dim, indicesOf(indices, at), indicesOf(places, at), at.numIndices,
          endsOf(at), 1, paddingIdx, rowsOf(grad, dim, at),
        );
      });
      return numIndices;
    },

    dotBags(...all) {
      const [weight, numEmbeddings, dim, indices, numIndices, offsets, numBags, paddingIdx, grad, out] = all;
      if (!heap.holds(weight)) return dotBags(...all);
      const done = firstOutside(indices, numIndices, numEmbeddings);
      if (done < numIndices) return done;
      out.fill(0, 0, offsets[0]);
      out.fill(0, offsets[numBags], numIndices);
      const parts: Part[] = [
        { array: indices, perIndex: 1, perBag: 0 },
        { array: grad, perIndex: 0, perBag: dim },
        { array: out, perIndex: 1, perBag: 0, isWritten: true },
      ];
      forEachRun(offsets, numBags, parts, (at, ends, [rows, from, to]) => {
        exports.dotBags(
          weight.byteOffset, numEmbeddings, dim, rows, at.numIndices, ends, at.numBags, paddingIdx, from, to,
        );
      }, (at) => {
        dotBags(
          weight, numEmbeddings, dim, indicesOf(indices, at), at.numIndices, endsOf(at), 1, paddingIdx,
          rowsOf(grad, dim, at), indicesOf(out, at),
        );
      });
      return numIndices;
    },
  };
}

/** The part of an array that has an element an index: of one with nothing, nothing. */
function indicesOf<View extends Float32Array | Uint32Array>(array: View, { firstIndex, numIndices }: Run): View {
  return array.subarray(firstIndex, firstIndex + numIndices) as View;
}

function rowsOf(array: Float32Array, embeddingDim: number, { firstBag, numBags }: Run): Float32Array {
  return array.subarray(firstBag * embeddingDim, (firstBag + numBags) * embeddingDim);
}

/** The offsets of a bag alone. */
function endsOf({ numIndices }: Run): Uint32Array {
  return Uint32Array.of(0, numIndices);
}
