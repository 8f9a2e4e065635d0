import { checkAttached } from "./check.js";
import { rangeError, show, typeError } from "./errors.js";

/** Numbers nested to any depth: rows come back in reading order. */
export type NestedIndices = readonly (number | NestedIndices)[];

/** What a layer takes for indices: plain (nested) arrays, or typed arrays of integers. */
export type Indices =
  | NestedIndices
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | BigUint64Array;

/** Small flat arrays are written into these, one for each length: a tiny lookup then allocates nothing but its result. */
const mostScratch = 64;
const scratch: (Uint32Array | null)[] = new Array(mostScratch + 1).fill(null);

/**
 * The indices as Uint32Array, in reading order. Plain and BigInt arrays are checked against numEmbeddings; of integer typed
 * arrays the kernel does the checking (a negative Int32 is a Uint32 above every row) and {@link outOfRange} the telling.
 *
 * The result may be the caller's own memory or a scratch array that the next call overwrites: use it at once, never keep it.
 */
export function toUint32(name: string, indices: Indices, numEmbeddings: number): Uint32Array {
  if (indices instanceof Uint32Array && indices.length > 0) return indices; // the common case needs no look at its kind
  if (Array.isArray(indices)) return fromArray(name, indices, numEmbeddings);
  checkIndices(name, indices);
  const kind = kindOf(indices);
  if (kind === "Uint32Array") return indices as Uint32Array;
  if (kind === "Int32Array") {
    const { buffer, byteOffset, length } = indices as Int32Array;
    return new Uint32Array(buffer, byteOffset, length);
  }
  if (kind.startsWith("Big")) {
    const flat = indices as BigInt64Array;
    return Uint32Array.from(flat as ArrayLike<unknown>, (index, i) => checkIndex(name, i, index, numEmbeddings));
  }
  return Uint32Array.from(indices as Int16Array); // a negative wraps to more than any row
}

/** The indices, or a copy of them where another thread could change them between a native kernel's look at them and their use. */
export function unshared(indices: Uint32Array): Uint32Array {
  const { buffer } = indices;
  if (buffer instanceof ArrayBuffer) return indices;
  const isShared = Object.prototype.toString.call(buffer) === "[object SharedArrayBuffer]";
  return isShared ? new Uint32Array(indices) : indices;
}

/** Throws unless indices is of a kind that {@link toUint32} takes; what is in it is not looked at. */
export function checkIndices(name: string, indices: unknown): asserts indices is Indices {
  if (Array.isArray(indices)) return;
  if (integerKinds.includes(kindOf(indices))) return checkAttached(name, indices as ArrayBufferView);
  throw typeError(
    "ERR_INVALID_ARG_TYPE",
    `${name} is ${show(indices)}, expected integers in an array, a Uint8Array … Int32Array or a BigInt64Array`,
  );
}

/** What nested arrays hold, in reading order, a hole as undefined; a typed array as it is. Nothing is checked. */
export function flatten(indices: Indices): ArrayLike<unknown> {
  if (!Array.isArray(indices)) return indices as ArrayLike<unknown>;
  const flat: unknown[] = [];
  const visit = (values: readonly unknown[]): void => {
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (Array.isArray(value)) visit(value);
      else flat.push(value);
    }
  };
  visit(indices);
  return flat;
}

/** The index at a place of an array, as a number, when it is an integer in [0, numEmbeddings). */
export function checkIndex(name: string, position: number, index: unknown, numEmbeddings: number): number {
  const isNumber = typeof index === "number" || typeof index === "bigint";
  const value = isNumber ? Number(index) : Number.NaN;
  if (value >>> 0 === value && value < numEmbeddings) return value;
  const message = sentence(name, position, index, numEmbeddings);
  throw isNumber ? rangeError("ERR_INDEX_OUT_OF_RANGE", message) : typeError("ERR_INVALID_ARG_TYPE", message);
}

/** The error for the index at a position that a kernel refused, with the value as the caller wrote it. */
export function outOfRange(name: string, indices: Indices, position: number, numEmbeddings: number): RangeError {
  const value = (indices as ArrayLike<unknown>)[position]; // nested arrays never come here: fromArray refuses them itself
  return rangeError("ERR_INDEX_OUT_OF_RANGE", sentence(name, position, value, numEmbeddings));
}

const integerKinds = [
  ...["Uint8Array", "Uint8ClampedArray", "Uint16Array", "Uint32Array", "Int8Array", "Int16Array", "Int32Array"],
  ...["BigInt64Array", "BigUint64Array"],
];

function kindOf(indices: unknown): string {
  return ArrayBuffer.isView(indices) ? ((indices as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? "") : "";
}

function fromArray(name: string, indices: NestedIndices, numEmbeddings: number): Uint32Array {
  const numIndices = indices.length;
  const isSmall = numIndices <= mostScratch;
  const flat = (isSmall ? scratch[numIndices] : null) ?? new Uint32Array(numIndices);
  if (isSmall) scratch[numIndices] = null; // taken while elements are read: one may be a getter that comes back in here
  for (let i = 0; i < numIndices; i++) {
    const index = indices[i];
    if (typeof index === "number" && index >>> 0 === index && index < numEmbeddings) flat[i] = index;
    else if (Array.isArray(index)) return fromNested(name, indices, numEmbeddings);
    else flat[i] = checkIndex(name, i, index, numEmbeddings);
  }
  if (isSmall) scratch[numIndices] = flat;
  return flat;
}

function fromNested(name: string, indices: NestedIndices, numEmbeddings: number): Uint32Array {
  const flat: number[] = [];
  const visit = (path: string, values: NestedIndices): void => {
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (Array.isArray(value)) visit(`${path}[${i}]`, value);
      else flat.push(checkIndex(path, i, value, numEmbeddings));
    }
  };
  visit(name, indices);
  return Uint32Array.from(flat);
}

function sentence(name: string, position: number, value: unknown, numEmbeddings: number): string {
  return `${name}[${position}] is ${show(value)}, expected an integer in [0, ${numEmbeddings})`;
}
