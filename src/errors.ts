/**
 * One sentence shape for every refusal: the argument's name, its value, what was expected.
 *
 *     RangeError [ERR_INDEX_OUT_OF_RANGE]: indices[17] is 50257, expected an integer in [0, 50257)
 */

/** The codes an error thrown by this package may carry in `code`. */
export type ErrorCode =
  /** Not the kind of thing expected. */
  | "ERR_INVALID_ARG_TYPE"
  /** The right kind, an impossible value. */
  | "ERR_OUT_OF_RANGE"
  /** A row that the table does not have. */
  | "ERR_INDEX_OUT_OF_RANGE"
  /** An array whose length does not fit the shapes. */
  | "ERR_INVALID_LENGTH"
  /** Memory that was given back. */
  | "ERR_DISPOSED"
  /** Memory that a call in flight still uses. */
  | "ERR_IN_USE"
  /** The backend cannot hold that much. */
  | "ERR_OUT_OF_MEMORY"
  /** A backend name nobody knows. */
  | "ERR_UNKNOWN_BACKEND"
  /** A backend that does not work here. */
  | "ERR_BACKEND_UNSUPPORTED"
  /** A file that is not what it says. */
  | "ERR_INVALID_CHECKPOINT";

/** TypeError with a code: the value is of the wrong kind. */
export function typeError(code: ErrorCode, message: string): TypeError & { code: ErrorCode } {
  return coded(new TypeError(message), code);
}

/** RangeError with a code: the kind is right, the value impossible. */
export function rangeError(code: ErrorCode, message: string): RangeError & { code: ErrorCode } {
  return coded(new RangeError(message), code);
}

/** Error with a code: nothing is wrong with the value, but with the time. */
export function plainError(code: ErrorCode, message: string): Error & { code: ErrorCode } {
  return coded(new Error(message), code);
}

function coded<E extends Error>(error: E, code: ErrorCode): E & { code: ErrorCode } {
  // Node prints the code in brackets behind the name, as it does for its own errors.
  const name = error.name;
  error.name = `${name} [${code}]`;
  void error.stack; // the stack is made now, with the long name in its first line
  Object.defineProperty(error, "name", { value: name, configurable: true, writable: true, enumerable: false });
  return Object.assign(error, { code });
}

/** The value as it stands in an error: short, and never throwing. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (typeof value === "symbol") return value.toString();
  if (Object.is(value, -0)) return "-0";
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return showObject(value);
  } catch {
    return "an object"; // a revoked proxy, or a getter that throws
  }
}

function showObject(value: object): string {
  const name: unknown = value.constructor?.name;
  if (ArrayBuffer.isView(value) || Array.isArray(value)) {
    const { length = (value as DataView).byteLength } = value as { length?: number };
    return `${name ?? "Array"}(${length})`;
  }
  return name ? `an instance of ${name}` : "an object without a prototype";
}
