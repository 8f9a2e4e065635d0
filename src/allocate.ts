import type { Backend, Block } from "./backend/backend.js";
import { rangeError } from "./errors.js";

export const floatBytes = 4;

/** Memory of a backend for so many rows and columns of floats. Throws RangeError [ERR_OUT_OF_MEMORY] that names what it is for. */
export function allocate(backend: Backend, name: string, shape: readonly [number, number]): Block {
  const bytes = shape[0] * shape[1] * floatBytes;
  if (!Number.isSafeInteger(bytes)) {
    throw rangeError(
      "ERR_OUT_OF_MEMORY",
      `${name} is ${shape[0]} x ${shape[1]} floats, expected fewer than 2^53 bytes`,
    );
  }
  try {
    return backend.allocate(bytes);
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_OUT_OF_MEMORY") throw error;
    throw rangeError(
      "ERR_OUT_OF_MEMORY",
      `${name} is ${shape[0]} x ${shape[1]} floats, expected what its backend can allocate`,
    );
  }
}
