import type { Kernels } from "../backend.js";
import { softmaxGradient } from "../js/softmaxGradient.js";
import { sumExponentials } from "../js/sumExponentials.js";
import type { Exports } from "./exports.js";
import type { Heap } from "./heap.js";

/** Floats of a row's statistics or coefficients. */
const width = 3;

/**
 * The kernels of the loss. Layers keep all they give to them at home; of arrays that are elsewhere so many rows at a time are carried
 * through the window as fit, and a row too long for it is left to the specification.
 */
export function stagedLoss(
  exports: Exports,
  heap: Heap,
  window: number,
  capacity: number,
): Pick<Kernels, "sumExponentials" | "softmaxGradient"> {
  /** Runs on blocks of rows; `small` are the statistics or coefficients. Returns false when nothing fits. */
  const run = (
    logits: Float32Array,
    small: Float32Array,
    numRows: number,
    numColumns: number,
    bias: Float32Array,
    written: Float32Array,
    kernel: (atLogits: number, atSmall: number, rows: number, atBias: number) => void,
  ): boolean => {
    const biasStaged = bias.length > 0 && !heap.holds(bias);
    const perRow = (heap.holds(logits) ? 0 : numColumns) + (heap.holds(small) ? 0 : width);
    const room = capacity - (biasStaged ? numColumns : 0);
    const rowsAtOnce = perRow === 0 ? numRows : Math.floor(room / perRow);
    if (room < 0 || (rowsAtOnce === 0 && numRows > 0)) return false;
    const { f32 } = heap;
    let first = window >>> 2;
    if (biasStaged) {
      f32.set(bias.subarray(0, numColumns), first);
      first += numColumns;
    }
    // An address of 0 is "none"; no array of ours lies there.
    const atBias = bias.length === 0 ? 0 : biasStaged ? window : bias.byteOffset;
    for (let top = 0; top < numRows; top += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, numRows - top);
      let next = first;
      const place = (array: Float32Array, rowLength: number): { address: number; takeHome: () => void } => {
        const start = top * rowLength;
        const length = rows * rowLength;
        if (heap.holds(array)) return { address: array.byteOffset + start * 4, takeHome: () => {} };
        const at = next;
        next += length;
        f32.set(array.subarray(start, start + length), at);
        const takeHome = () => array.set(f32.subarray(at, at + length), start);
        return { address: at * 4, takeHome: array === written ? takeHome : () => {} };
      };
      const placedLogits = place(logits, numColumns);
      const placedSmall = place(small, width);
      kernel(placedLogits.address, placedSmall.address, rows, atBias);
      placedLogits.takeHome();
      placedSmall.takeHome();
    }
    return true;
  };

  return {
    sumExponentials(statistics, logits, numRows, numColumns, bias) {
      const done = run(logits, statistics, numRows, numColumns, bias, statistics, (atLogits, atStatistics, rows, at) =>
        exports.sumExponentials(atStatistics, atLogits, rows, numColumns, at),
      );
      if (!done) sumExponentials(statistics, logits, numRows, numColumns, bias);
    },
    softmaxGradient(logits, numRows, numColumns, bias, coefficients) {
      const done = run(logits, coefficients, numRows, numColumns, bias, logits, (atLogits, atCoefficients, rows, at) =>
        exports.softmaxGradient(atLogits, rows, numColumns, at, atCoefficients),
      );
      if (!done) softmaxGradient(logits, numRows, numColumns, bias, coefficients);
    },
  };
}
