/**
 * JSON as the header of a checkpoint needs it, where JSON.parse is too kind: it keeps the last of two equal keys, it
 * cannot tell `1.0` from `1`, and it rounds large integers. Objects come back as Maps, so no name is special.
 */
import { rangeError, show } from "../errors.js";

/** A number that is not a plain non-negative safe integer, as it was written. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type JsonObject = Map<string, JsonValue>;
export type JsonValue = null | boolean | number | string | JsonNumber | JsonValue[] | JsonObject;

/** Deeper nesting is refused: it cannot mean anything here, and must not exhaust the stack. */
const depthLimit = 128;

const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const integerPattern = /^(?:0|[1-9][0-9]*)$/;
const words: [string, JsonValue][] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

/**
 * Parses one JSON text (RFC 8259); white space may follow it.
 *
 * @throws RangeError [ERR_INVALID_CHECKPOINT] with the character position: not JSON, a key twice in one object, half of
 * a surrogate pair, nested deeper than 128.
 */
export function parseJson(text: string): JsonValue {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

/** The value as it stands in an error. */
export function showJson(value: JsonValue | undefined): string {
  if (value === undefined) return "missing";
  if (value instanceof JsonNumber) return value.text.length > 60 ? `${value.text.slice(0, 60)}…` : value.text;
  return value instanceof Map ? "an object" : show(value);
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): JsonValue {
    this.#skipSpace();
    const character = this.#text[this.#at];
    if (character === '"') return this.#string();
    if (character === "{" || character === "[") {
      if (depth >= depthLimit) throw this.#refused(`at most ${depthLimit} levels`);
      this.#at++;
      return character === "{" ? this.#object(depth + 1) : this.#array(depth + 1);
    }
    for (const [word, meaning] of words) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return meaning;
      }
    }
    return this.#number();
  }

  end(): void {
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#refused("nothing but white space behind the value");
  }

  #object(depth: number): JsonObject {
    const object: JsonObject = new Map();
    if (this.#took("}")) return object;
    do {
      this.#skipSpace();
      const start = this.#at;
      if (this.#text[start] !== '"') throw this.#refused("a key in double quotes");
      const key = this.#string();
      if (object.has(key)) throw this.#refused("every key once in its object", start);
      if (!this.#took(":")) throw this.#refused('":"');
      object.set(key, this.value(depth));
    } while (this.#took(","));
    if (!this.#took("}")) throw this.#refused('"," or "}"');
    return object;
  }

  #array(depth: number): JsonValue[] {
    const array: JsonValue[] = [];
    if (this.#took("]")) return array;
    do array.push(this.value(depth));
    while (this.#took(","));
    if (!this.#took("]")) throw this.#refused('"," or "]"');
    return array;
  }

  #string(): string {
    const start = this.#at;
    let end = start + 1;
    let plain = true;
    for (; ; end++) {
      const code = this.#text.charCodeAt(end); // NaN behind the end
      if (code === 0x22) break;
      if (Number.isNaN(code)) throw this.#refused("a string that ends", start);
      if (code === 0x5c) end++;
      if (code === 0x5c || code < 0x20) plain = false;
    }
    this.#at = end + 1;
    if (plain) return this.#text.slice(start + 1, end);
    let string: string;
    try {
      string = JSON.parse(this.#text.slice(start, end + 1)) as string;
    } catch {
      throw this.#refused("a string without control characters or unknown escapes", start);
    }
    if (!isWellFormed(string)) throw this.#refused("a string without half of a surrogate pair", start);
    return string;
  }

  #number(): number | JsonNumber {
    numberPattern.lastIndex = this.#at;
    const text = numberPattern.exec(this.#text)?.[0];
    if (text === undefined) throw this.#refused("a JSON value");
    this.#at += text.length;
    const number = Number(text);
    return integerPattern.test(text) && Number.isSafeInteger(number) ? number : new JsonNumber(text);
  }

  /** Skips white space, and the character where it is the one asked for. */
  #took(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    for (; ; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    }
  }

  #refused(expected: string, at = this.#at): RangeError {
    const found = at < this.#text.length ? show(this.#text.slice(at, at + 20)) : "at its end";
    return rangeError("ERR_INVALID_CHECKPOINT", `header at character ${at} is ${found}, expected ${expected}`);
  }
}

/** Whether the string has a UTF-8 form: no half of a surrogate pair stands alone. */
export function isWellFormed(string: string): boolean {
  return !/\p{Surrogate}/u.test(string);
}
