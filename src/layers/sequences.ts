import { rangeError } from "../errors.js";
import type { Indices, NestedIndices } from "../indices.js";

/** How a list of indices is read as sequences, each from the position `start` on. */
export interface Sequences {
  /**
   * Indices per sequence. Default: the length of the innermost arrays, when indices are nested; else all indices are one sequence.
   */
  sequenceLength?: number | undefined;
  /** The position of each sequence's first index: when decoding, how many came before. Default: 0. */
  start?: number | undefined;
}

/** How long a sequence is when nobody says so: as long as the innermost arrays, which must agree, or all there is. */
export function sequenceLengthOf(indices: Indices): number {
  if (!Array.isArray(indices) || !indices.some(Array.isArray)) return indices.length;
  let length: number | undefined;
  const visit = (path: string, values: NestedIndices): void => {
    const nested = values.some(Array.isArray);
    values.forEach((value, i) => {
      if (Array.isArray(value)) visit(`${path}[${i}]`, value);
      else if (nested) throw mixed(`${path}[${i}]`);
    });
    if (nested) return;
    length ??= values.length;
    if (values.length !== length) {
      throw rangeError(
        "ERR_INVALID_LENGTH",
        `${path}.length is ${values.length}, expected ${length} as before it, or a sequenceLength`,
      );
    }
  };
  visit("indices", indices);
  return length ?? 0;
}

function mixed(path: string): RangeError {
  return rangeError("ERR_INVALID_LENGTH", `${path} is a number beside arrays, expected sequences, or a sequenceLength`);
}
