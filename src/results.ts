import { rangeError } from "./errors.js";

/** New floats for a result, all zero. Throws RangeError [ERR_OUT_OF_MEMORY]. */
export function newFloats(length: number): Float32Array {
  try {
    return new Float32Array(length);
  } catch {
    throw tooLarge(length, "floats");
  }
}

/** New indices for a result, all zero. Throws RangeError [ERR_OUT_OF_MEMORY]. */
export function newIndices(length: number): Uint32Array {
  try {
    return new Uint32Array(length);
  } catch {
    throw tooLarge(length, "indices");
  }
}

/** A copy for the caller to keep. Throws RangeError [ERR_OUT_OF_MEMORY]. */
export function copyFloats(values: Float32Array): Float32Array {
  const copy = newFloats(values.length);
  copy.set(values);
  return copy;
}

function tooLarge(length: number, what: string): RangeError {
  const expected = "expected what this JavaScript engine can allocate";
  return rangeError("ERR_OUT_OF_MEMORY", `result is ${length} ${what}, ${expected}`);
}
