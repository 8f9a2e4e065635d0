import { checkAttached } from "./check.js";
import { rangeError, show, typeError } from "./errors.js";

/**
 * Numbers as a checkpoint holds them: a `Tensor` that `decodeSafetensors` or `loadSafetensors` gave, a layer's {@link Parameter}, or anything
 * of that form. Of dtype F32, F16, BF16 or F64; F16 and BF16 are widened, F64 is rounded, as PyTorch's `.float()` does it.
 */
export interface FloatTensor {
  /** "F32", "F16", "BF16" or "F64". Default: what the array is named after. */
  readonly dtype?: string | undefined;
  /** How many there are in each direction. */
  readonly shape: readonly number[];
  /** The numbers, row-major: a Float32Array, for F64 a Float64Array, for F16 and BF16 a Uint16Array of their bits. */
  readonly data: ArrayBufferView;
}

const arrays = { F32: "Float32Array", F16: "Uint16Array", BF16: "Uint16Array", F64: "Float64Array" };

/** A tensor that was looked at: everything in it fits together. */
export interface CheckedTensor {
  readonly dtype: keyof typeof arrays;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Uint16Array;
}

/** Whether the value has the form of a tensor; what is in it is not looked at. */
export function isTensor(value: unknown): value is FloatTensor {
  return typeof value === "object" && value !== null && Array.isArray((value as FloatTensor).shape);
}

/** The tensor, each part of it read once. Throws RangeError or TypeError unless it has floats, as many as its shape says. */
export function checkTensor(name: string, tensor: FloatTensor): CheckedTensor {
  const { shape: given, data } = tensor;
  const kind: string = ArrayBuffer.isView(data) ? (data as DataView)[Symbol.toStringTag] : "";
  const { dtype = kind === "Float64Array" ? "F64" : "F32" } = tensor;
  if (!Object.hasOwn(arrays, dtype)) {
    const expected = `expected one of ${Object.keys(arrays).join(", ")}`;
    throw rangeError("ERR_OUT_OF_RANGE", `${name}.dtype is ${show(dtype)}, ${expected}`);
  }
  const known = dtype as keyof typeof arrays;
  if (kind !== arrays[known]) {
    throw typeError("ERR_INVALID_ARG_TYPE", `${name}.data is ${show(data)}, expected a ${arrays[known]} for ${dtype}`);
  }
  checkAttached(`${name}.data`, data);
  const shape = [...given];
  const { length } = data as Float32Array;
  const isWhole = shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  if (!isWhole || shape.reduce((product, extent) => product * extent, 1) !== length) {
    throw rangeError("ERR_INVALID_LENGTH", `${name}.shape is [${shape.join(", ")}], expected one of ${length} numbers`);
  }
  return { dtype: known, shape, data: data as CheckedTensor["data"] };
}

/** Writes a tensor down as float32: `tensor.float()` of PyTorch, bit for bit (of F64 NaN payloads excepted). */
export function writeFloats({ dtype, data }: CheckedTensor, out: Float32Array): void {
  if (dtype === "F32" || dtype === "F64") {
    out.set(data);
    return;
  }
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
  if (dtype === "BF16") for (let i = 0; i < data.length; i++) words[i] = data[i] << 16;
  else for (let i = 0; i < data.length; i++) words[i] = widenedHalf(data[i]);
}

/** The bits of the float32 that an IEEE binary16 is. A NaN keeps its payload and becomes a quiet one, as processors have it. */
function widenedHalf(bits: number): number {
  const sign = (bits & 0x8000) << 16;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return sign | 0x7f800000 | (fraction << 13) | (fraction === 0 ? 0 : 0x400000);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  const shift = Math.clz32(fraction) - 21; // until the first bit is the implied one
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 1023) << 13);
}
