/**
 * The element types of the safetensors format, in the order of the reference implementation (its enum `Dtype`, in
 * increasing alignment). The order is meaning: files are laid out by it, last type first.
 */

/** The array that holds the elements of each dtype. */
export interface DtypeArrays {
  /** One byte an element, 0 or 1. */
  BOOL: Uint8Array;
  /** Packed, two elements a byte. */
  F4: Uint8Array;
  /** Packed, four elements in three bytes. */
  F6_E2M3: Uint8Array;
  /** Packed, four elements in three bytes. */
  F6_E3M2: Uint8Array;
  U8: Uint8Array;
  I8: Int8Array;
  /** The bits of an 8-bit float, as all `F8` kinds. */
  F8_E5M2: Uint8Array;
  F8_E4M3: Uint8Array;
  F8_E8M0: Uint8Array;
  F8_E4M3FNUZ: Uint8Array;
  F8_E5M2FNUZ: Uint8Array;
  I16: Int16Array;
  U16: Uint16Array;
  /** The bits of an IEEE binary16. */
  F16: Uint16Array;
  /** The upper half of the bits of a float32. */
  BF16: Uint16Array;
  I32: Int32Array;
  U32: Uint32Array;
  F32: Float32Array;
  /** Real and imaginary part in turn: twice as many numbers as the shape says. */
  C64: Float32Array;
  F64: Float64Array;
  I64: BigInt64Array;
  U64: BigUint64Array;
}

/** An element type by its name in a safetensors header. */
export type Dtype = keyof DtypeArrays;

/** Any array a tensor's elements may lie in. */
export type TensorData = DtypeArrays[Dtype];

/** What the names of the arrays are, and how they are made. */
const arrays = {
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
};

/** The name of an array that can hold elements, as `Object.prototype.toString` tells it. */
export type ArrayName = keyof typeof arrays;

/** How many bits an element takes, which array holds it, and where its tensors stand in a file (greatest rank first). */
export interface DtypeTraits {
  readonly bits: number;
  readonly array: ArrayName;
  readonly rank: number;
}

const table: [Dtype, number, ArrayName][] = [
  ["BOOL", 8, "Uint8Array"],
  ["F4", 4, "Uint8Array"],
  ["F6_E2M3", 6, "Uint8Array"],
  ["F6_E3M2", 6, "Uint8Array"],
  ["U8", 8, "Uint8Array"],
  ["I8", 8, "Int8Array"],
  ["F8_E5M2", 8, "Uint8Array"],
  ["F8_E4M3", 8, "Uint8Array"],
  ["F8_E8M0", 8, "Uint8Array"],
  ["F8_E4M3FNUZ", 8, "Uint8Array"],
  ["F8_E5M2FNUZ", 8, "Uint8Array"],
  ["I16", 16, "Int16Array"],
  ["U16", 16, "Uint16Array"],
  ["F16", 16, "Uint16Array"],
  ["BF16", 16, "Uint16Array"],
  ["I32", 32, "Int32Array"],
  ["U32", 32, "Uint32Array"],
  ["F32", 32, "Float32Array"],
  ["C64", 64, "Float32Array"],
  ["F64", 64, "Float64Array"],
  ["I64", 64, "BigInt64Array"],
  ["U64", 64, "BigUint64Array"],
];

/** Every dtype and its traits. */
export const dtypes: ReadonlyMap<string, DtypeTraits> = new Map(
  table.map(([dtype, bits, array], rank) => [dtype, { bits, array, rank }]),
);

/** The dtype that an array has when nothing else is said: a Uint16Array holds U16, not the bits of F16. */
export const plainDtypes: ReadonlyMap<string, Dtype> = new Map(
  (["I8", "U8", "I16", "U16", "I32", "U32", "F32", "F64", "I64", "U64"] as const).map((dtype) => [
    dtypes.get(dtype)!.array,
    dtype,
  ]),
);

/** Whether the string names an element type. */
export function isDtype(name: unknown): name is Dtype {
  return typeof name === "string" && dtypes.has(name);
}

/**
 * The bytes as an array of the dtype: a view of the same memory where it is aligned for that, else a copy.
 *
 * @param bytes a whole number of elements; its memory is shared when its byteOffset is a multiple of the element's size.
 */
export function viewOf(dtype: Dtype, bytes: Uint8Array): TensorData {
  const Elements = arrays[dtypes.get(dtype)!.array];
  const size = Elements.BYTES_PER_ELEMENT;
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return new Elements(buffer as ArrayBuffer, byteOffset, byteLength / size);
}

/**
 * The size in bytes of a tensor; NaN when a product on the way is not a safe integer (an overflow), and not an integer
 * when packed elements do not fill their last byte.
 */
export function byteLengthOf(dtype: Dtype, shape: readonly number[]): number {
  let bits = dtypes.get(dtype)!.bits;
  for (const extent of shape) {
    bits *= extent;
    if (!Number.isSafeInteger(bits)) return Number.NaN;
  }
  return bits / 8;
}
