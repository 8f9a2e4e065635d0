/** The safetensors format: bytes to tensors and back, without I/O. */
import { rangeError, show, typeError } from "../errors.js";
import {
  byteLengthOf,
  type Dtype,
  type DtypeArrays,
  dtypeNames,
  dtypes,
  isDtype,
  plainDtypes,
  type TensorData,
  viewOf,
} from "./dtype.js";
import {
  byCodePoint,
  checkText,
  prefixBytes,
  readHeader,
  readHeaderLength,
  type TensorEntry,
  tensorName,
  writeHeader,
} from "./header.js";

/**
 * A tensor of a checkpoint, row-major. Its dtype tells the array: where `tensor.dtype === "F32"`, `tensor.data` is a
 * Float32Array. The array has one element for each of the shape (but for the packed F4 and F6 kinds, which are bytes,
 * and C64, which is pairs); a shape of `[]` is one element.
 */
export type Tensor = {
  [D in Dtype]: {
    /** What the elements are. */
    readonly dtype: D;
    /** How many there are in each direction. */
    readonly shape: number[];
    /** The elements, row-major. */
    readonly data: DtypeArrays[D];
  };
}[Dtype];

/**
 * A tensor to be written. Where dtype is left out it is the array's own: F32 for a Float32Array, U16 for a Uint16Array.
 * A layer's Parameter is one.
 */
export interface TensorSource {
  /** What the elements are. Default: what the array is named after. */
  readonly dtype?: Dtype | undefined;
  /** How many there are in each direction; a layer's weight has two. */
  readonly shape: readonly number[];
  /** The elements, row-major. */
  readonly data: TensorData;
}

/** Named tensors to be written: a record, a Map, or any list of pairs. The order does not matter. */
export type TensorSources = Readonly<Record<string, TensorSource>> | Iterable<readonly [string, TensorSource]>;

/** What a safetensors file holds. */
export interface Checkpoint {
  /** The `__metadata__` of the file; an object without a prototype, so that any key is a plain key. */
  readonly metadata: Record<string, string>;
  /** The tensors by name, in the order in which they lie in the file. */
  readonly tensors: Map<string, Tensor>;
}

/**
 * Reads the bytes of a safetensors file.
 *
 * A tensor's data is a view of `bytes` wherever its byte offset is aligned for that, and a copy where it is not; files
 * written by encodeSafetensors or the reference implementation are aligned throughout if `bytes` starts at a multiple of 8.
 *
 * @param bytes the whole file.
 * @returns the metadata and the tensors, in the order in which they lie in the file.
 * @throws TypeError [ERR_INVALID_ARG_TYPE] bytes are not a Uint8Array or an ArrayBuffer.
 * @throws RangeError or TypeError [ERR_INVALID_CHECKPOINT] the bytes are not a safetensors file: header too small, too
 * large (over 100,000,000 bytes), longer than the file, not UTF-8, not JSON, not an object, a key twice; a dtype, shape
 * or offset that is none; offsets with holes or overlaps; sizes that do not fit; bytes left over.
 * @see https://github.com/huggingface/safetensors#format
 * @example
 * import { decodeSafetensors, encodeSafetensors } from "nn-embedding/checkpoint";
 * const bytes = encodeSafetensors({ "embedding.weight": { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) } });
 * const { tensors } = decodeSafetensors(bytes);
 * tensors.get("embedding.weight")?.dtype; // => "F32"
 * tensors.get("embedding.weight")?.shape; // => [2, 3]
 * tensors.get("embedding.weight")?.data[4]; // => 5
 */
export function decodeSafetensors(bytes: Uint8Array | ArrayBuffer): Checkpoint {
  const file = plainBytes(bytes);
  const headerLength = readHeaderLength(file.subarray(0, prefixBytes), file.byteLength);
  const start = prefixBytes + headerLength;
  const { metadata, entries } = readHeader(file.subarray(prefixBytes, start), file.byteLength - start);
  const tensors = new Map<string, Tensor>();
  for (const entry of entries) {
    tensors.set(entry.name, tensorOf(entry, file.subarray(start + entry.begin, start + entry.end)));
  }
  return { metadata, tensors };
}

/**
 * Writes tensors as the bytes of a safetensors file. The same tensors and metadata give the same bytes, whatever their
 * order: tensors lie by dtype (U64, I64, F64, C64, F32, U32, I32, BF16, F16, U16, I16, then the smaller ones), then by
 * name, metadata keys by name, both by code point; the header is padded with spaces to 8 bytes. The tensors are laid out
 * as the reference implementation lays them out, byte for byte (it leaves the order of metadata keys to chance).
 *
 * @param tensors the tensors by name, each with its shape and elements.
 * @param metadata any strings by name; left out of the file when there are none.
 * @throws TypeError [ERR_INVALID_ARG_TYPE] not a tensor, an array that does not hold the dtype, a text that is no string.
 * @throws RangeError [ERR_OUT_OF_RANGE] an unknown dtype, an impossible shape, a name that is reserved, used twice or
 * has no UTF-8 form, a header over 100,000,000 bytes.
 * @throws RangeError [ERR_INVALID_LENGTH] an array that does not fit its shape.
 * @throws RangeError [ERR_OUT_OF_MEMORY] a file too large for one array; saveSafetensors writes it.
 * @see https://github.com/huggingface/safetensors#format
 * @example
 * import { encodeSafetensors } from "nn-embedding/checkpoint";
 * const bytes = encodeSafetensors({ weight: { shape: [2], data: Float32Array.of(1, 2) } }, { format: "pt" });
 * bytes.length; // => 112
 * new TextDecoder().decode(bytes.subarray(8, 41)); // => '{"__metadata__":{"format":"pt"},"'
 */
export function encodeSafetensors(tensors: TensorSources, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const { byteLength, parts } = layOut(tensors, metadata);
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(byteLength);
  } catch {
    throw rangeError(
      "ERR_OUT_OF_MEMORY",
      `checkpoint length is ${byteLength} bytes, expected one array's worth: save it to a file`,
    );
  }
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

/** The bytes of a file in parts, in order: the header, then the memory of each tensor, not copied. */
export interface Layout {
  byteLength: number;
  parts: Uint8Array[];
}

/** Checks and orders the tensors and writes their header; throws as encodeSafetensors does. */
export function layOut(tensors: TensorSources, metadata: Readonly<Record<string, string>> = {}): Layout {
  const sources = Array.from(entriesOf(tensors), checkSource);
  sources.sort(
    (left, right) =>
      dtypeNames.indexOf(right.dtype) - dtypeNames.indexOf(left.dtype) || byCodePoint(left.name, right.name),
  );
  const names = new Set<string>();
  let end = 0;
  const entries = sources.map(({ name, dtype, shape, bytes }) => {
    if (names.has(name))
      throw rangeError("ERR_OUT_OF_RANGE", `tensor name is ${show(name)} twice, expected each name once`);
    names.add(name);
    const begin = end;
    end += bytes.byteLength;
    return { name, dtype, shape, begin, end };
  });
  const header = writeHeader({ metadata: checkMetadata(metadata), entries });
  return { byteLength: header.byteLength + end, parts: [header, ...sources.map(({ bytes }) => bytes)] };
}

/** The tensor of an entry, given its bytes. */
export function tensorOf({ dtype, shape }: TensorEntry, bytes: Uint8Array): Tensor {
  return { dtype, shape, data: viewOf(dtype, bytes) } as Tensor;
}

function plainBytes(bytes: Uint8Array | ArrayBuffer): Uint8Array {
  if (tagOf(bytes) === "Uint8Array") {
    const { buffer, byteOffset, byteLength } = bytes as Uint8Array; // a Buffer's slice is not an array's slice
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  if (tagOf(bytes) === "ArrayBuffer" || tagOf(bytes) === "SharedArrayBuffer")
    return new Uint8Array(bytes as ArrayBuffer);
  throw typeError("ERR_INVALID_ARG_TYPE", `bytes are ${show(bytes)}, expected a Uint8Array or an ArrayBuffer`);
}

function entriesOf(tensors: TensorSources): Iterable<readonly [string, TensorSource]> {
  if (typeof tensors !== "object" || tensors === null || ArrayBuffer.isView(tensors)) {
    throw typeError("ERR_INVALID_ARG_TYPE", `tensors are ${show(tensors)}, expected a record or a Map of tensors`);
  }
  return Symbol.iterator in tensors ? (tensors as Iterable<readonly [string, TensorSource]>) : Object.entries(tensors);
}

function checkSource(pair: readonly [string, TensorSource]) {
  if (!Array.isArray(pair)) {
    throw typeError("ERR_INVALID_ARG_TYPE", `an entry of tensors is ${show(pair)}, expected a pair: [name, tensor]`);
  }
  const [name, source]: readonly [string, TensorSource] = pair;
  checkText("tensor name", name);
  if (name === "__metadata__") {
    throw rangeError(
      "ERR_OUT_OF_RANGE",
      'tensor name is "__metadata__", expected a name that the format does not reserve',
    );
  }
  const tensor = tensorName(name);
  if (typeof source !== "object" || source === null) {
    throw typeError("ERR_INVALID_ARG_TYPE", `${tensor} is ${show(source)}, expected { shape, data }`);
  }
  const { shape, data, dtype = plainDtypes.get(tagOf(data)) } = source;
  if (dtype === undefined) {
    throw typeError(
      "ERR_INVALID_ARG_TYPE",
      `${tensor}.data is ${show(data)}, expected one of ${[...plainDtypes.keys()].join(", ")}`,
    );
  }
  if (!isDtype(dtype)) {
    throw rangeError("ERR_OUT_OF_RANGE", `${tensor}.dtype is ${show(dtype)}, expected one of ${dtypeNames.join(", ")}`);
  }
  const array = dtypes[dtype][1].name;
  if (tagOf(data) !== array) {
    throw typeError("ERR_INVALID_ARG_TYPE", `${tensor}.data is ${show(data)}, expected ${array} for ${dtype}`);
  }
  if (!Array.isArray(shape)) {
    throw typeError("ERR_INVALID_ARG_TYPE", `${tensor}.shape is ${show(shape)}, expected an array of integers`);
  }
  for (const [axis, extent] of shape.entries()) {
    if (Number.isSafeInteger(extent) && extent >= 0 && !Object.is(extent, -0)) continue;
    throw rangeError(
      "ERR_OUT_OF_RANGE",
      `${tensor}.shape[${axis}] is ${show(extent)}, expected an integer in [0, 2 ** 53)`,
    );
  }
  const byteLength = byteLengthOf(dtype, shape);
  if (data.byteLength !== byteLength) {
    const size = `${Number.isInteger(byteLength) ? byteLength : "an impossible number"} for ${dtype} [${shape.join(", ")}]`;
    throw rangeError("ERR_INVALID_LENGTH", `${tensor}.data.byteLength is ${data.byteLength}, expected ${size}`);
  }
  return { name, dtype, shape: [...shape], bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

function checkMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  if (typeof metadata !== "object" || metadata === null || Symbol.iterator in metadata) {
    throw typeError("ERR_INVALID_ARG_TYPE", `metadata is ${show(metadata)}, expected a record of strings`);
  }
  for (const [key, text] of Object.entries(metadata)) {
    checkText("metadata key", key);
    checkText(`metadata[${show(key)}]`, text);
  }
  return metadata;
}

/** The kind of an array, whichever realm made it. */
function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
