import type { Backend } from "../backend/backend.js";
import { checkWhole, isFloats } from "../check.js";
import { rangeError, show, typeError } from "../errors.js";
import { type CheckedTensor, checkTensor, isTensor, writeFloats } from "../floatTensor.js";
import { Parameter } from "../parameter.js";

/** Options of a layer with a table that was trained elsewhere. */
export interface PretrainedTable {
  /** Floats per row. A tensor's shape tells it: there it may be left out. */
  embeddingDim?: number | undefined;
  /** Whether the table is left out of training. Default: true. */
  freeze?: boolean | undefined;
}

/** A table that was trained elsewhere, and its sizes. */
export interface ReadTable {
  readonly shape: readonly [numEmbeddings: number, embeddingDim: number];
  readonly values: CheckedTensor;
}

/** The table, each part of it read once. Throws unless it is one or more whole rows, of embeddingDim floats if that is told. */
export function readTable(name: string, table: unknown, embeddingDim: number | undefined): ReadTable {
  if (isFloats(table)) {
    checkWhole("embeddingDim", embeddingDim, 1);
    if (table.length === 0 || table.length % embeddingDim !== 0) {
      const expected = `expected a positive multiple of ${embeddingDim} = embeddingDim`;
      throw rangeError("ERR_INVALID_LENGTH", `${name}.length is ${table.length}, ${expected}`);
    }
    const shape = [table.length / embeddingDim, embeddingDim] as const;
    return { shape, values: { dtype: "F32", shape, data: table } };
  }
  const values = readMatrix(name, table, "a Float32Array or a tensor");
  const [numEmbeddings, numColumns] = values.shape;
  if (embeddingDim !== undefined && embeddingDim !== numColumns) {
    checkWhole("embeddingDim", embeddingDim, 1);
    throw rangeError("ERR_OUT_OF_RANGE", `embeddingDim is ${embeddingDim}, expected ${numColumns} = ${name}.shape[1]`);
  }
  return { shape: [numEmbeddings, numColumns], values };
}

/** The tensor, each part of it read once. Throws unless it has one or more rows and columns; `expected` says in words what it should be. */
export function readMatrix(name: string, tensor: unknown, expected: string): CheckedTensor {
  if (!isTensor(tensor)) {
    throw typeError("ERR_INVALID_ARG_TYPE", `${name} is ${show(tensor)}, expected ${expected}: { shape, data }`);
  }
  const values = checkTensor(name, tensor);
  const { shape } = values;
  if (shape.length === 2 && shape[0] > 0 && shape[1] > 0) return values;
  throw rangeError("ERR_INVALID_LENGTH", `${name}.shape is [${shape.join(", ")}], expected two extents above 0`);
}

/** A tensor of one number for each row: a list, or a matrix of one column as a layer's own bias is. Throws unless it is one. */
export function readBiases(name: string, tensor: unknown, numRows: number, what: string): CheckedTensor {
  if (!isTensor(tensor)) {
    throw typeError("ERR_INVALID_ARG_TYPE", `${name} is ${show(tensor)}, expected a tensor: { shape, data }`);
  }
  const values = checkTensor(name, tensor);
  const [extent, one = 1, ...more] = values.shape;
  if (extent === numRows && one === 1 && more.length === 0) return values;
  const expected = `expected [${numRows}], as ${what} is ${numRows}`;
  throw rangeError("ERR_INVALID_LENGTH", `${name}.shape is [${values.shape.join(", ")}], ${expected}`);
}

/** A parameter with a copy of the values, which may lie in the very memory that moves when it is made. */
export function parameterOf(
  name: string,
  shape: readonly [number, number],
  backend: Backend,
  values: CheckedTensor,
): Parameter {
  const stable = backend.moves(values.data) ? { ...values, data: values.data.slice() } : values;
  const parameter = new Parameter(name, shape, backend);
  writeFloats(stable, parameter.data);
  return parameter;
}
