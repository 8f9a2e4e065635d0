/**
 * The text to train on: a file of the user's, or the bundled one.
 *
 * genesis.txt is the beginning of the King James Version (1611, in the public domain): Genesis 1:1 to Leviticus 11:34, a
 * verse a line without its number, the whole verses within the first 400 KiB. It was made with Debian's bible-kjv 4.38:
 *
 *     bible -f gen1:1-lev11:34 | sed -E 's/^[A-Za-z0-9]+:[0-9]+ //' | grep . > genesis.txt
 */
import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import { rangeError, show } from "../../errors.js";

/** Where the text lies that is read when no other is asked for; the build puts it beside this module. */
export const genesis: URL = new URL("./genesis.txt", import.meta.url);

/**
 * Reads a text in UTF-8, without its byte order mark if it has one.
 *
 * @param path the file; genesis.txt when it is left out.
 * @throws RangeError [ERR_OUT_OF_RANGE] no such file, a folder, not UTF-8 (with the line), or nothing in it.
 * @throws RangeError [ERR_OUT_OF_MEMORY] a text too long for one string.
 * @throws Error with the system's code: EACCES not allowed …
 */
export async function readText(path: string | URL = genesis): Promise<string> {
  const file = String(path);
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw explained(file, error);
  });
  const text = decodeText(file, bytes);
  if (!/\S/.test(text))
    throw rangeError("ERR_OUT_OF_RANGE", `text ${show(file)} is empty, expected at least a few words`);
  return text;
}

function decodeText(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    if (isUtf8(bytes)) throw tooLong(file, `${bytes.length} bytes`);
    const found = `text ${show(file)} is not UTF-8 in line ${faultyLine(bytes)}`;
    throw rangeError("ERR_OUT_OF_RANGE", `${found}, expected UTF-8: convert it first, for example with iconv -t UTF-8`);
  }
}

/** The first line, from 1, that is not UTF-8: no byte of another character equals a line feed. */
function faultyLine(bytes: Uint8Array): number {
  for (let line = 1, start = 0; start < bytes.length; line++) {
    const found = bytes.indexOf(0x0a, start);
    const end = found < 0 ? bytes.length : found;
    if (!isUtf8(bytes.subarray(start, end))) return line;
    start = end + 1;
  }
  return 1;
}

function explained(file: string, error: NodeJS.ErrnoException): Error {
  if (error.code === "ENOENT") {
    const remedy = "check the path, or leave it out for the bundled text";
    return rangeError("ERR_OUT_OF_RANGE", `text is ${show(file)}, which is not there, expected a file: ${remedy}`);
  }
  if (error.code === "EISDIR")
    return rangeError("ERR_OUT_OF_RANGE", `text is ${show(file)}, a folder, expected a file`);
  if (error.code === "ERR_FS_FILE_TOO_LARGE") return tooLong(file, "over 2 GiB");
  return error;
}

function tooLong(file: string, length: string): RangeError {
  return rangeError(
    "ERR_OUT_OF_MEMORY",
    `text ${show(file)} is ${length} long, expected what fits one string: split it`,
  );
}
