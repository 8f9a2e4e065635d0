/** The text format of the original word2vec, without I/O. */
import { rangeError, show, typeError } from "../errors.js";
import type { Layout } from "./safetensors.js";

/** Characters put into bytes at a time. */
const partLength = 2 ** 20;

/** Digits that tell any float from its neighbors; many need fewer, hardly any so few. */
const mostDigits = 9;
const fewestDigits = 6;

/** The bytes of a file in parts; checks and throws as saveWordVectors says. */
export function layOutWordVectors(
  words: readonly string[],
  { shape, data }: { readonly shape: readonly number[]; readonly data: Float32Array },
): Layout {
  const [rows, dim] = shape;
  if (!(data instanceof Float32Array)) {
    throw typeError("ERR_INVALID_ARG_TYPE", `vectors.data is ${show(data)}, expected a Float32Array`);
  }
  if (shape.length !== 2 || rows !== words.length || data.length !== rows * dim) {
    const found = `vectors are ${data.length} floats of shape [${shape.join(", ")}]`;
    throw rangeError("ERR_INVALID_LENGTH", `${found}, expected words.length, ${words.length}, rows`);
  }
  for (const [i, word] of words.entries()) {
    if (typeof word === "string" && /^[^\s\0\p{Surrogate}]+$/u.test(word)) continue;
    throw rangeError("ERR_OUT_OF_RANGE", `words[${i}] is ${show(word)}, expected text without spaces, and not none`);
  }
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  let text = `${rows} ${dim}\n`;
  for (let row = 0; row < rows; row++) {
    text += words[row];
    for (let at = row * dim; at < (row + 1) * dim; at++) text += ` ${decimal(data[at])}`;
    text += "\n";
    if (text.length < partLength) continue;
    parts.push(encoder.encode(text));
    text = "";
  }
  parts.push(encoder.encode(text));
  return { byteLength: parts.reduce((sum, part) => sum + part.byteLength, 0), parts };
}

/** The shortest that comes back as the same float. */
function decimal(x: number): string {
  if (Object.is(x, -0)) return "-0";
  for (let digits = fewestDigits; digits < mostDigits; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === x) return String(short);
  }
  return String(Number(x.toPrecision(mostDigits)));
}
