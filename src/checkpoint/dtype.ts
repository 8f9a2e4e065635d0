/**
 * The element types of the safetensors format, in the order of the reference implementation (its enum `Dtype`, in
 * increasing alignment), each with the bits of an element and the array that holds its elements. The order is meaning:
 * files are laid out by it, last type first.
 */
export const dtypes = {
  /** One byte per element, 0 or 1. */
  BOOL: [8, Uint8Array],
  /** Packed, two elements per byte. */
  F4: [4, Uint8Array],
  /** Packed, four elements in three bytes. */
  F6_E2M3: [6, Uint8Array],
  /** Packed, four elements in three bytes. */
  F6_E3M2: [6, Uint8Array],
  U8: [8, Uint8Array],
  I8: [8, Int8Array],
  /** The bits of an 8-bit float, as all `F8` kinds. */
  F8_E5M2: [8, Uint8Array],
  F8_E4M3: [8, Uint8Array],
  F8_E8M0: [8, Uint8Array],
  F8_E4M3FNUZ: [8, Uint8Array],
  F8_E5M2FNUZ: [8, Uint8Array],
  I16: [16, Int16Array],
  U16: [16, Uint16Array],
  /** The bits of an IEEE binary16. */
  F16: [16, Uint16Array],
  /** The upper half of the bits of a float32. */
  BF16: [16, Uint16Array],
  I32: [32, Int32Array],
  U32: [32, Uint32Array],
  F32: [32, Float32Array],
  /** Real and imaginary part in turn: twice as many numbers as the shape says. */
  C64: [64, Float32Array],
  F64: [64, Float64Array],
  I64: [64, BigInt64Array],
  U64: [64, BigUint64Array],
} as const;

/**
 * An element type by its name in a safetensors header.
 *
 * @useDeclaredType
 */
export type Dtype = keyof typeof dtypes;

/**
 * The array that holds the elements of each dtype: the one that is named after it, Float32Array for C64, Uint16Array for F16 and BF16
 * (their bits), Uint8Array for BOOL and the 4-, 6- and 8-bit floats.
 */
export type DtypeArrays = { [D in Dtype]: (typeof dtypes)[D][1]["prototype"] };

/** Any array a tensor's elements may lie in. */
export type TensorData = DtypeArrays[Dtype];

/** Every dtype, in the order of {@link dtypes}. */
export const dtypeNames = Object.keys(dtypes) as readonly Dtype[];

/**
 * By the name of an array, as `Object.prototype.toString` tells it: the dtype it has when nothing else is said. That is the one named
 * after it: a Uint16Array holds U16, not the bits of F16.
 */
export const plainDtypes: ReadonlyMap<string, Dtype> = new Map(
  dtypeNames
    .filter((dtype) => {
      const [bits, { name }] = dtypes[dtype];
      return dtype === `${name.replace("Big", "")[0]}${bits}`;
    })
    .map((dtype) => [dtypes[dtype][1].name, dtype]),
);

/** Whether the string names an element type. */
export function isDtype(name: unknown): name is Dtype {
  return typeof name === "string" && Object.hasOwn(dtypes, name);
}

/**
 * The bytes as an array of the dtype: a view of the same memory where it is aligned for that, else a copy.
 *
 * @param bytes a whole number of elements; its memory is shared when its byteOffset is a multiple of the element's size.
 */
export function viewOf(dtype: Dtype, bytes: Uint8Array): TensorData {
  const Elements = dtypes[dtype][1];
  const size = Elements.BYTES_PER_ELEMENT;
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return new Elements(buffer as ArrayBuffer, byteOffset, byteLength / size);
}

/**
 * The size in bytes of a tensor; NaN when a product on the way is not a safe integer (an overflow), and not an integer
 * when packed elements do not fill their last byte.
 */
export function byteLengthOf(dtype: Dtype, shape: readonly number[]): number {
  let bits: number = dtypes[dtype][0];
  for (const extent of shape) {
    bits *= extent;
    if (!Number.isSafeInteger(bits)) return Number.NaN;
  }
  return bits / 8;
}
