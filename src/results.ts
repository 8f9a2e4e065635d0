import { rangeError } from "./errors.js";

/** New floats for a result, all zero. Throws RangeError [ERR_OUT_OF_MEMORY]. */
export function newFloats(length: number): Float32Array {
  return allocate(Float32Array, length, "floats");
}

/** New indices for a result, all zero. Throws RangeError [ERR_OUT_OF_MEMORY]. */
export function newIndices(length: number): Uint32Array {
  return allocate(Uint32Array, length, "indices");
}

/** A copy for the caller to keep. Throws RangeError [ERR_OUT_OF_MEMORY]. */
export function copyFloats(values: Float32Array): Float32Array {
  const copy = newFloats(values.length);
  copy.set(values);
  return copy;
}

function allocate<View>(kind: new (length: number) => View, length: number, what: string): View {
  try {
    return new kind(length);
  } catch {
    const expected = "expected what this JavaScript engine can allocate";
    throw rangeError("ERR_OUT_OF_MEMORY", `result is ${length} ${what}, ${expected}`);
  }
}
