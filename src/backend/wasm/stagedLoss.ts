import type { LogitKernels } from "../backend.js";
import { keepGreatest } from "../js/keepGreatest.js";
import { softmaxGradient } from "../js/softmaxGradient.js";
import { sumExponentials } from "../js/sumExponentials.js";
import type { Staging } from "./staging.js";

/** Floats of a row's statistics or coefficients. */
const width = 3;

/**
 * The kernels that take logits. Layers keep all they give to them at home; of arrays that are elsewhere so many rows at a time are carried
 * through the window, each time behind the bias, as fit, and a row too long for it is left to the specification.
 */
export function stagedLoss({ exports, whole: room }: Staging): LogitKernels {
  /** How many rows fit; `small` are the statistics or coefficients. */
  function rowsAtOnce(logits: Float32Array, small: Float32Array, bias: Float32Array, numRows: number, columns: number) {
    const perRow = room.words(logits, columns) + room.words(small, width);
    const left = room.capacity - room.words(bias, columns);
    if (left < 0) return 0;
    return perRow === 0 ? numRows : Math.floor(left / perRow);
  }

  return {
    keepGreatest(values, places, k, first, isLast, logits, numRows, numColumns, bias) {
      const perRow = room.words(logits, numColumns) + room.words(values, k) + room.words(places, k);
      const left = room.capacity - room.words(bias, numColumns);
      const most = left < 0 ? 0 : perRow === 0 ? numRows : Math.floor(left / perRow);
      if (most === 0) return keepGreatest(values, places, k, first, isLast, logits, numRows, numColumns, bias);
      for (let top = 0; top < numRows; top += most) {
        const rows = Math.min(most, numRows - top);
        room.restart();
        const atBias = room.carry(bias, 0, numColumns);
        const atLogits = room.carry(logits, top * numColumns, rows * numColumns);
        const atValues = room.carry(values, top * k, rows * k);
        const atPlaces = room.carry(places, top * k, rows * k);
        const last = isLast ? 1 : 0;
        exports.keepGreatest(atValues, atPlaces, k, first, last, atLogits, rows, numColumns, atBias);
        room.takeHome(values, top * k, rows * k, atValues);
        room.takeHome(places, top * k, rows * k, atPlaces);
      }
    },

    sumExponentials(statistics, logits, numRows, numColumns, bias) {
      const most = rowsAtOnce(logits, statistics, bias, numRows, numColumns);
      if (most === 0) return sumExponentials(statistics, logits, numRows, numColumns, bias);
      for (let top = 0; top < numRows; top += most) {
        const rows = Math.min(most, numRows - top);
        room.restart();
        const atBias = room.carry(bias, 0, numColumns);
        const atLogits = room.carry(logits, top * numColumns, rows * numColumns);
        const atStatistics = room.carry(statistics, top * width, rows * width);
        exports.sumExponentials(atStatistics, atLogits, rows, numColumns, atBias);
        room.takeHome(statistics, top * width, rows * width, atStatistics);
      }
    },

    softmaxGradient(logits, numRows, numColumns, bias, coefficients) {
      const most = rowsAtOnce(logits, coefficients, bias, numRows, numColumns);
      if (most === 0) return softmaxGradient(logits, numRows, numColumns, bias, coefficients);
      for (let top = 0; top < numRows; top += most) {
        const rows = Math.min(most, numRows - top);
        room.restart();
        const atBias = room.carry(bias, 0, numColumns);
        const atLogits = room.carry(logits, top * numColumns, rows * numColumns);
        const atCoefficients = room.carry(coefficients, top * width, rows * width);
        exports.softmaxGradient(atLogits, rows, numColumns, atBias, atCoefficients);
        room.takeHome(logits, top * numColumns, rows * numColumns, atLogits);
      }
    },
  };
}
