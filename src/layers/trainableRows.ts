import { checkOptions, checkWhole } from "../check.js";
import { rangeError, show, typeError } from "../errors.js";

/** Which rows training may update: a mask with an entry per row, true or 1 for those, or the rows in [start, end). */
export type TrainableRows =
  | readonly boolean[]
  | Uint8Array
  | {
      /** The first row that may be updated. */
      readonly start: number;
      /** The row after the last that may. */
      readonly end: number;
    };

/** The option `trainableRows` as a mask, 1 for the rows that may move. Throws TypeError [ERR_INVALID_ARG_TYPE] or RangeError. */
export function maskOf(trainableRows: unknown, numEmbeddings: number): Uint8Array {
  const isBytes =
    ArrayBuffer.isView(trainableRows) && Object.prototype.toString.call(trainableRows) === "[object Uint8Array]";
  if (isBytes || Array.isArray(trainableRows)) return fromMask(trainableRows as ArrayLike<unknown>, numEmbeddings);
  if (typeof trainableRows !== "object" || trainableRows === null || ArrayBuffer.isView(trainableRows)) {
    const expected = "an array of true and false, a Uint8Array, or { start, end }";
    throw typeError("ERR_INVALID_ARG_TYPE", `trainableRows is ${show(trainableRows)}, expected ${expected}`);
  }
  checkOptions(trainableRows, ["start", "end"], "trainableRows");
  const { start, end } = trainableRows as { start?: unknown; end?: unknown };
  checkWhole("trainableRows.start", start, 0, numEmbeddings);
  checkWhole("trainableRows.end", end, start, numEmbeddings);
  return new Uint8Array(numEmbeddings).fill(1, start, end);
}

function fromMask(mask: ArrayLike<unknown>, numEmbeddings: number): Uint8Array {
  if (mask.length !== numEmbeddings) {
    const expected = `expected ${numEmbeddings} = numEmbeddings`;
    throw rangeError("ERR_INVALID_LENGTH", `trainableRows.length is ${mask.length}, ${expected}`);
  }
  return Uint8Array.from(mask, (value, row) => {
    if (value === true || value === 1) return 1;
    if (value === false || value === 0) return 0;
    throw typeError("ERR_INVALID_ARG_TYPE", `trainableRows[${row}] is ${show(value)}, expected true or false, 1 or 0`);
  });
}
