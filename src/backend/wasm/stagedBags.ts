import type { Kernels } from "../backend.js";
import { firstOutside } from "../js/firstOutside.js";
import { specification } from "../js/js.js";
import type { Exports } from "./exports.js";
import type { Heap } from "./heap.js";

type BagKernels = Pick<Kernels, "gatherBags" | "scatterAddBags" | "scatterAddMaxBags" | "dotBags">;

/** An array of which each bag has a part: so many words an index of it, and so many for itself. */
interface Part {
  readonly array: Float32Array | Uint32Array;
  readonly perIndex: number;
  readonly perBag: number;
  /** Whether it is written, all of it, and not read. */
  readonly isWritten?: true;
}

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
export function stagedBags(exports: Exports, heap: Heap, window: number, capacity: number): BagKernels {
  /** Calls `run` with the pointers of the offsets and of the parts for every run, or `alone` for a bag that does not fit. */
  function forEachRun(
    offsets: Uint32Array,
    numBags: number,
    parts: readonly Part[],
    run: (at: Run, offsets: number, pointers: readonly number[]) => void,
    alone: (at: Run) => void,
  ): void {
    const staged = parts.filter(({ array }) => !heap.holds(array));
    const perIndex = staged.reduce((sum, part) => sum + part.perIndex, 0);
    const perBag = staged.reduce((sum, part) => sum + part.perBag, 1); // its offset
    for (let b = 0; b < numBags; ) {
      const firstIndex = offsets[b];
      let end = b;
      while (end < numBags && (offsets[end + 1] - firstIndex) * perIndex + (end + 1 - b) * perBag + 1 <= capacity)
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
    const { f32, u32 } = heap;
    let room = window >>> 2;
    for (let b = 0; b <= at.numBags; b++) u32[room + b] = offsets[at.firstBag + b] - at.firstIndex;
    room += at.numBags + 1;
    const back: (() => void)[] = [];
    const pointers = parts.map(({ array, perIndex, perBag, isWritten }) => {
      const start = at.firstIndex * perIndex + at.firstBag * perBag;
      if (array.length === 0) return 0; // none
      if (heap.holds(array)) return array.byteOffset + start * 4;
      const count = at.numIndices * perIndex + at.numBags * perBag;
      const memory = array instanceof Uint32Array ? u32 : f32;
      const to = room;
      room += count;
      if (isWritten) back.push(() => array.set(memory.subarray(to, to + count), start));
      else memory.set(array.subarray(start, start + count), to);
      return to * 4;
    });
    run(at, window, pointers);
    for (const each of back) each();
  }

  return {
    gatherBags(weight, numEmbeddings, embeddingDim, indices, numIndices, offsets, numBags, mode, paddingIdx, w, out) {
      if (!heap.holds(weight)) {
        return specification.gatherBags(
          ...([weight, numEmbeddings, embeddingDim, indices, numIndices, offsets, numBags] as const),
          ...([mode, paddingIdx, w, out] as const),
        );
      }
      const done = firstOutside(indices, numIndices, numEmbeddings);
      if (done < numIndices) return done;
      const parts: Part[] = [
        { array: indices, perIndex: 1, perBag: 0 },
        { array: w, perIndex: w.length > 0 ? 1 : 0, perBag: 0 },
        { array: out, perIndex: 0, perBag: embeddingDim, isWritten: true },
      ];
      forEachRun(
        offsets,
        numBags,
        parts,
        (at, ends, [rows, weights, to]) => {
          const sizes = [numEmbeddings, embeddingDim, rows, at.numIndices, ends, at.numBags, mode, paddingIdx] as const;
          exports.gatherBags(weight.byteOffset, ...sizes, weights, to);
        },
        (at) => {
          specification.gatherBags(
            ...([weight, numEmbeddings, embeddingDim, indicesOf(indices, at), at.numIndices, endsOf(at), 1] as const),
            ...([mode, paddingIdx, indicesOf(w, at), rowsOf(out, embeddingDim, at)] as const),
          );
        },
      );
      return numIndices;
    },

    scatterAddBags(
      table,
      numEmbeddings,
      embeddingDim,
      indices,
      numIndices,
      offsets,
      numBags,
      paddingIdx,
      scales,
      grad,
    ) {
      if (!heap.holds(table)) {
        return specification.scatterAddBags(
          ...([table, numEmbeddings, embeddingDim, indices, numIndices, offsets, numBags] as const),
          ...([paddingIdx, scales, grad] as const),
        );
      }
      const done = firstOutside(indices, numIndices, numEmbeddings);
      if (done < numIndices) return done;
      const parts: Part[] = [
        { array: indices, perIndex: 1, perBag: 0 },
        { array: scales, perIndex: scales.length > 0 ? 1 : 0, perBag: 0 },
        { array: grad, perIndex: 0, perBag: embeddingDim },
      ];
      forEachRun(
        offsets,
        numBags,
        parts,
        (at, ends, [rows, factors, from]) => {
          const sizes = [numEmbeddings, embeddingDim, rows, at.numIndices, ends, at.numBags, paddingIdx] as const;
          exports.scatterAddBags(table.byteOffset, ...sizes, factors, from);
        },
        (at) => {
          specification.scatterAddBags(
            ...([table, numEmbeddings, embeddingDim, indicesOf(indices, at), at.numIndices, endsOf(at), 1] as const),
            ...([paddingIdx, indicesOf(scales, at), rowsOf(grad, embeddingDim, at)] as const),
          );
        },
      );
      return numIndices;
    },

    scatterAddMaxBags(
      ...[table, numRows, weight, numEmbeddings, embeddingDim, indices, places, numIndices, ...others]
    ) {
      const [offsets, numBags, paddingIdx, grad] = others;
      const sizes = [numEmbeddings, embeddingDim] as const;
      if (!heap.holds(table) || !heap.holds(weight)) {
        return specification.scatterAddMaxBags(
          ...([table, numRows, weight, ...sizes, indices, places, numIndices, ...others] as const),
        );
      }
      const done = firstOutside(places, firstOutside(indices, numIndices, numEmbeddings), numRows);
      if (done < numIndices) return done;
      const parts: Part[] = [
        { array: indices, perIndex: 1, perBag: 0 },
        { array: places, perIndex: 1, perBag: 0 },
        { array: grad, perIndex: 0, perBag: embeddingDim },
      ];
      forEachRun(
        offsets,
        numBags,
        parts,
        (at, ends, [rows, to, from]) => {
          const pointers = [table.byteOffset, numRows, weight.byteOffset, ...sizes, rows, to] as const;
          exports.scatterAddMaxBags(...pointers, at.numIndices, ends, at.numBags, paddingIdx, from);
        },
        (at) => {
          specification.scatterAddMaxBags(
            ...([table, numRows, weight, ...sizes, indicesOf(indices, at), indicesOf(places, at)] as const),
            ...([at.numIndices, endsOf(at), 1, paddingIdx, rowsOf(grad, embeddingDim, at)] as const),
          );
        },
      );
      return numIndices;
    },

    dotBags(weight, numEmbeddings, embeddingDim, indices, numIndices, offsets, numBags, paddingIdx, grad, out) {
      if (!heap.holds(weight)) {
        return specification.dotBags(
          ...([weight, numEmbeddings, embeddingDim, indices, numIndices, offsets, numBags] as const),
          ...([paddingIdx, grad, out] as const),
        );
      }
      const done = firstOutside(indices, numIndices, numEmbeddings);
      if (done < numIndices) return done;
      out.fill(0, 0, offsets[0]);
      out.fill(0, offsets[numBags], numIndices);
      const parts: Part[] = [
        { array: indices, perIndex: 1, perBag: 0 },
        { array: grad, perIndex: 0, perBag: embeddingDim },
        { array: out, perIndex: 1, perBag: 0, isWritten: true },
      ];
      forEachRun(
        offsets,
        numBags,
        parts,
        (at, ends, [rows, from, to]) => {
          const sizes = [numEmbeddings, embeddingDim, rows, at.numIndices, ends, at.numBags, paddingIdx] as const;
          exports.dotBags(weight.byteOffset, ...sizes, from, to);
        },
        (at) => {
          specification.dotBags(
            ...([weight, numEmbeddings, embeddingDim, indicesOf(indices, at), at.numIndices, endsOf(at), 1] as const),
            ...([paddingIdx, rowsOf(grad, embeddingDim, at), indicesOf(out, at)] as const),
          );
        },
      );
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
