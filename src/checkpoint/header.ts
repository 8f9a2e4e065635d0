/**
 * The header of a safetensors file: 8 bytes of length, JSON, then the tensors without a gap. Reading trusts nothing;
 * every rule of the reference implementation's `SafeTensorError` is here.
 */
import { rangeError, show, typeError } from "../errors.js";
import { byteLengthOf, type Dtype, dtypes, isDtype } from "./dtype.js";
import { isWellFormed, type JsonObject, type JsonValue, parseJson, showJson } from "./json.js";

/** The length field in front of the header, in bytes. */
export const prefixBytes = 8;

/** The longest header the format allows, in bytes. */
export const headerLimit = 100_000_000;

/** Where a tensor lies: bytes begin to end, counted from the end of the header. */
export interface TensorEntry {
  name: string;
  dtype: Dtype;
  shape: number[];
  begin: number;
  end: number;
}

/** What a header says. Entries are in the order of their bytes. */
export interface Header {
  metadata: Record<string, string>;
  entries: TensorEntry[];
}

/**
 * The length of the header in bytes.
 *
 * @param prefix the first bytes of the file, 8 or (of a file too small) fewer.
 * @param fileLength the length of the whole file in bytes.
 */
export function readHeaderLength(prefix: Uint8Array, fileLength: number): number {
  if (fileLength < prefixBytes || prefix.byteLength < prefixBytes) {
    throw refused("checkpoint length", `${fileLength} bytes`, "at least 8: the length of the header");
  }
  const declared = new DataView(prefix.buffer, prefix.byteOffset, prefixBytes).getBigUint64(0, true);
  if (declared > BigInt(headerLimit)) throw refused("header length", `${declared} bytes`, `at most ${headerLimit}`);
  const length = Number(declared);
  if (length > fileLength - prefixBytes) {
    throw refused("header length", `${length} bytes`, `at most the ${fileLength - prefixBytes} that follow it`);
  }
  if (length < 2) throw refused("header length", `${length} bytes`, 'at least 2: "{}"');
  return length;
}

/**
 * Reads a header and holds it against the length of what follows it.
 *
 * @param bytes the header without the length in front of it.
 * @param bufferLength how many bytes follow the header.
 */
export function readHeader(bytes: Uint8Array, bufferLength: number): Header {
  if (bytes[0] !== 0x7b) throw refused("header's first byte", `0x${bytes[0].toString(16).padStart(2, "0")}`, '"{"');
  const header = parseJson(decodeText(bytes)) as JsonObject;
  const metadata = readMetadata(header.get("__metadata__"));
  header.delete("__metadata__");
  const entries = Array.from(header, ([name, value]) => readEntry(name, value));
  entries.sort((left, right) => left.begin - right.begin || left.end - right.end);
  let end = 0;
  for (const entry of entries) {
    if (entry.begin !== end) {
      const fault = entry.begin > end ? "no hole" : "no overlap";
      throw refused(
        `${tensorName(entry.name)}.data_offsets[0]`,
        entry.begin,
        `${end} (${fault} behind the tensor before)`,
      );
    }
    end = entry.end;
  }
  if (end !== bufferLength) {
    throw refused("end of the last tensor", end, `${bufferLength}, the number of bytes behind the header`);
  }
  return { metadata, entries };
}

function decodeText(bytes: Uint8Array): string {
  try {
    // The copy is never shared memory, which TextDecoder refuses in browsers. ignoreBOM keeps a byte order mark, to refuse it.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.slice());
  } catch {
    throw refused("header", "invalid UTF-8", "UTF-8 without a fault");
  }
}

function readMetadata(value: JsonValue | undefined): Record<string, string> {
  const metadata: Record<string, string> = Object.create(null);
  if (value === undefined || value === null) return metadata;
  if (!(value instanceof Map)) throw wrongKind("__metadata__", showJson(value), "an object of strings");
  for (const [key, text] of value) {
    if (typeof text !== "string") throw wrongKind(`__metadata__[${show(key)}]`, showJson(text), "a string");
    metadata[key] = text;
  }
  return metadata;
}

function readEntry(name: string, value: JsonValue): TensorEntry {
  const tensor = tensorName(name);
  if (!(value instanceof Map)) throw wrongKind(tensor, showJson(value), "an object with dtype, shape, data_offsets");
  const dtype = value.get("dtype");
  if (!isDtype(dtype)) {
    const refusal = typeof dtype === "string" ? refused : wrongKind;
    throw refusal(`${tensor}.dtype`, showJson(dtype), `one of ${[...dtypes.keys()].join(", ")}`);
  }
  const shape = readIntegers(`${tensor}.shape`, value.get("shape"));
  const offsets = readIntegers(`${tensor}.data_offsets`, value.get("data_offsets"));
  if (offsets.length !== 2) throw refused(`${tensor}.data_offsets.length`, offsets.length, "2: begin and end");
  const [begin, end] = offsets;
  if (end < begin) throw refused(`${tensor}.data_offsets[1]`, end, `at least data_offsets[0], ${begin}`);
  const byteLength = byteLengthOf(dtype, shape);
  const size = `${dtype} [${shape.join(", ")}]`;
  if (Number.isNaN(byteLength))
    throw refused(`${tensor}.shape`, `[${shape.join(", ")}]`, "fewer than 2 ** 53 bits in all");
  if (!Number.isInteger(byteLength))
    throw refused(`${tensor}'s size`, `${byteLength} bytes`, `whole bytes for ${size}`);
  if (end - begin !== byteLength)
    throw refused(`${tensor}'s size`, `${end - begin} bytes`, `${byteLength} for ${size}`);
  return { name, dtype, shape, begin, end };
}

function readIntegers(name: string, value: JsonValue | undefined): number[] {
  if (!Array.isArray(value)) throw wrongKind(name, showJson(value), "an array of integers");
  const at = value.findIndex((entry) => typeof entry !== "number");
  if (at >= 0) throw refused(`${name}[${at}]`, showJson(value[at]), "an integer in [0, 2 ** 53)");
  return value as number[];
}

/** Writes the header, with its length in front and spaces behind up to a multiple of 8 bytes. */
export function writeHeader({ metadata, entries }: Header): Uint8Array {
  const members = entries.map(({ name, dtype, shape, begin, end }) => {
    return `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`;
  });
  const keys = Object.keys(metadata).sort(byCodePoint);
  if (keys.length > 0) {
    const pairs = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`);
    members.unshift(`"__metadata__":{${pairs.join(",")}}`);
  }
  const text = new TextEncoder().encode(`{${members.join(",")}}`);
  const length = Math.ceil(text.byteLength / 8) * 8;
  if (length > headerLimit) {
    throw rangeError("ERR_OUT_OF_RANGE", `header length is ${length} bytes, expected at most ${headerLimit}`);
  }
  const header = new Uint8Array(prefixBytes + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(text, prefixBytes);
  return header;
}

/** Compares as the bytes of UTF-8 would: by code point, where `<` compares halves of surrogate pairs. */
export function byCodePoint(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const a = left.charCodeAt(i);
    const b = right.charCodeAt(i);
    if (a === b) continue;
    const aIsHalf = a >= 0xd800 && a < 0xe000;
    const bIsHalf = b >= 0xd800 && b < 0xe000;
    return aIsHalf === bIsHalf ? a - b : aIsHalf ? 1 : -1;
  }
  return left.length - right.length;
}

/** Refuses what cannot be a name or a text in a header. */
export function checkText(name: string, text: unknown): asserts text is string {
  if (typeof text !== "string") throw typeError("ERR_INVALID_ARG_TYPE", `${name} is ${show(text)}, expected a string`);
  if (!isWellFormed(text)) {
    throw rangeError("ERR_OUT_OF_RANGE", `${name} is ${show(text)}, expected no half of a surrogate pair`);
  }
}

/** How a tensor is called in an error. */
export function tensorName(name: string): string {
  return `tensors[${show(name)}]`;
}

function refused(name: string, value: string | number, expected: string): RangeError {
  return rangeError("ERR_INVALID_CHECKPOINT", `${name} is ${value}, expected ${expected}`);
}

function wrongKind(name: string, value: string, expected: string): TypeError {
  return typeError("ERR_INVALID_CHECKPOINT", `${name} is ${value}, expected ${expected}`);
}
