import { rangeError, show, typeError } from "./errors.js";

const { MIN_SAFE_INTEGER, MAX_SAFE_INTEGER } = Number;

/** Throws unless value is an integer in [least, most]. */
export function checkWhole(
  name: string,
  value: unknown,
  least = MIN_SAFE_INTEGER,
  most = MAX_SAFE_INTEGER,
): asserts value is number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
  throw notTheNumber(name, value, wordsFor(least, most));
}

function wordsFor(least: number, most: number): string {
  if (most !== MAX_SAFE_INTEGER) return `an integer in [${least}, ${most}]`;
  if (least === MIN_SAFE_INTEGER) return "an integer";
  return least === 1 ? "a positive integer" : `an integer >= ${least}`;
}

/** Throws unless value is a finite number in [least, Infinity), or (least, Infinity) with `exclusive`. */
export function checkNumber(name: string, value: unknown, least: number, exclusive = false): asserts value is number {
  const number = value as number;
  if (Number.isFinite(value) && (exclusive ? number > least : number >= least)) return;
  throw notTheNumber(name, value, `a finite number ${exclusive ? ">" : ">="} ${least}`);
}

/** Throws unless value is a number in [0, 1]. */
export function checkShare(name: string, value: unknown): asserts value is number {
  const number = value as number;
  if (typeof value === "number" && number >= 0 && number <= 1) return;
  throw notTheNumber(name, value, "a number in [0, 1]");
}

/** The refusal of a number that is not the one expected, or of what is no number at all. */
function notTheNumber(name: string, value: unknown, expected: string): Error {
  const message = `${name} is ${show(value)}, expected ${expected}`;
  if (typeof value === "number") return rangeError("ERR_OUT_OF_RANGE", message);
  return typeError("ERR_INVALID_ARG_TYPE", message);
}

/** Throws unless value is a boolean. */
export function checkBoolean(name: string, value: unknown): asserts value is boolean {
  if (typeof value !== "boolean") {
    throw typeError("ERR_INVALID_ARG_TYPE", `${name} is ${show(value)}, expected true or false`);
  }
}

/** Throws unless value is one of the known words. */
export function checkWord<W extends string>(name: string, value: unknown, words: readonly W[]): asserts value is W {
  if (words.includes(value as W)) return;
  const expected = words.map((word) => JSON.stringify(word)).join(" or ");
  const error = typeof value === "string" ? rangeError : typeError;
  const code = typeof value === "string" ? "ERR_OUT_OF_RANGE" : "ERR_INVALID_ARG_TYPE";
  throw error(code, `${name} is ${show(value)}, expected ${expected}`);
}

/** Throws unless options is an object whose keys are all known: a misspelled or not yet supported option is never ignored. */
export function checkOptions(options: unknown, known: readonly string[], name = "options"): void {
  if (typeof options !== "object" || options === null) {
    throw typeError("ERR_INVALID_ARG_TYPE", `${name} is ${show(options)}, expected an object`);
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    throw typeError("ERR_INVALID_ARG_TYPE", `${name} has ${show(key)}, expected only ${known.join(", ")}`);
  }
}

/** Whether value is a Float32Array. The tag, not instanceof, is what holds across realms (iframes, vm contexts, test runners). */
export function isFloats(value: unknown): value is Float32Array {
  if (value instanceof Float32Array) return true;
  return ArrayBuffer.isView(value) && (value as Float32Array)[Symbol.toStringTag] === "Float32Array";
}

/** Throws unless value is a Float32Array. */
export function checkFloats(name: string, value: unknown): asserts value is Float32Array {
  if (isFloats(value)) return;
  throw typeError("ERR_INVALID_ARG_TYPE", `${name} is ${show(value)}, expected a Float32Array`);
}

/**
 * Throws when a typed array has lost its memory: it was transferred, resized, or WASM memory that moved. Such an array looks empty; only
 * its methods tell.
 */
export function checkAttached(name: string, array: ArrayBufferView): void {
  const view = array as Uint8Array;
  if (view.length !== 0) return;
  try {
    view.includes(0);
  } catch {
    throw lost(name, array);
  }
}

/** The refusal of a typed array whose memory went away, or part of it. */
export function lost(name: string, array: ArrayBufferView): TypeError {
  const kind = (array as Uint8Array)[Symbol.toStringTag];
  const expected = "expected one whose memory is there";
  return typeError("ERR_INVALID_ARG_TYPE", `${name} is a detached or resized ${kind}, ${expected}`);
}

/** Throws unless value is a Float32Array of exactly that many floats; `shape` says in words why so many. */
export function checkLength(
  name: string,
  value: unknown,
  length: number,
  shape: string,
): asserts value is Float32Array {
  if (length > 0 && value instanceof Float32Array && value.length === length) return; // nearly always
  checkFloats(name, value);
  checkAttached(name, value);
  if (value.length === length) return;
  throw rangeError("ERR_INVALID_LENGTH", `${name}.length is ${value.length}, expected ${length} = ${shape}`);
}

/** Throws unless something is so long that it is whole pieces of `size`; `what` says in words what that is. */
export function checkMultiple(name: string, length: number, size: number, what: string): void {
  if (size === 0 ? length === 0 : length % size === 0) return;
  throw rangeError("ERR_INVALID_LENGTH", `${name}.length is ${length}, expected a multiple of ${size} = ${what}`);
}

/** Throws when what is to be written shares memory with what is to be read. */
export function checkApart(name: string, written: Float32Array, otherName: string, read: ArrayBufferView): void {
  if (written.buffer !== read.buffer) return;
  const start = written.byteOffset;
  if (start + written.byteLength <= read.byteOffset || read.byteOffset + read.byteLength <= start) return;
  throw rangeError("ERR_OUT_OF_RANGE", `${name} is part of ${otherName}'s memory, expected memory of its own`);
}

/** Throws unless value draws numbers as a Generator does. */
export function checkGenerator(value: unknown): void {
  if (typeof (value as { uint32?: unknown } | null)?.uint32 === "function") return;
  throw typeError("ERR_INVALID_ARG_TYPE", `generator is ${show(value)}, expected a Generator`);
}
