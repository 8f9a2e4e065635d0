/**
 * Checkpoints as files, for Node, Bun and Deno. Elsewhere fetch the bytes and give them to decodeSafetensors.
 *
 * @module nn-embedding/checkpoint/file
 */
import { randomUUID } from "node:crypto";
import { type FileHandle, open, rename, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ErrorCode, rangeError, show, typeError } from "../errors.js";
import { prefixBytes, readHeader, readHeaderLength } from "./header.js";
import { type Checkpoint, type Layout, layOut, type Tensor, type TensorSources, tensorOf } from "./safetensors.js";
import { layOutWordVectors } from "./wordVectors.js";

/** Bytes on their way to the disk at a time. */
const bytesPerWrite = 8 * 2 ** 20;

/** Bytes asked of the disk at a time; the system refuses 2 ** 31 and more. */
const bytesPerRead = 2 ** 30;

/**
 * Saves tensors as a safetensors file, of any size. The new file is written beside the old one, brought to the disk, then
 * renamed over it: a reader sees the whole old file or the whole new one, and a file that is mapped is never cut short.
 * When saving fails the old file stays as it was and nothing else is left in the folder. An existing file's permissions
 * are kept; a symbolic link is replaced, and what it points to is left alone.
 *
 * The elements are read while the promise is pending; leave them as they are until it settles.
 *
 * @param path where to, a file path or a file: URL. The folder must be there.
 * @param tensors the tensors by name, each with its shape and elements.
 * @param metadata any strings by name.
 * @throws whatever encodeSafetensors throws, before the disk is touched.
 * @throws RangeError [ERR_OUT_OF_RANGE] the path is there and not a file.
 * @throws TypeError [ERR_DISPOSED] a tensor's memory moved while it was being saved. (Memory that was given back and handed out again
 * cannot be told: keep layers undisposed until the promise settles.)
 * @throws Error with the system's code: ENOENT no such folder, EACCES not allowed, ENOSPC disk full …
 * @see https://github.com/huggingface/safetensors#format
 * @example
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { loadSafetensors, saveSafetensors } from "nn-embedding/checkpoint/file";
 * const path = join(tmpdir(), `table-${process.pid}.safetensors`);
 * await saveSafetensors(path, { weight: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } }, { epoch: "5" });
 * const { metadata, tensors } = await loadSafetensors(path);
 * metadata.epoch; // => "5"
 * tensors.get("weight")?.data[3]; // => 4
 */
export async function saveSafetensors(
  path: string | URL,
  tensors: TensorSources,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await saveParts(path, layOut(tensors, metadata));
}

/**
 * Saves word vectors as text, in the format of the original word2vec: a line with the number of words and of floats a word, then for each
 * word a line with the word and its floats. fastText, gensim (`KeyedVectors.load_word2vec_format`) and spaCy read it. Each float is written
 * as the shortest decimal that comes back as the same float. Written as saveSafetensors does: the whole
 * file or none.
 *
 * @param path where to, a file path or a file: URL. The folder must be there.
 * @param words one for each row: not empty, and without spaces, for these part the columns.
 * @param vectors a table, words.length x dim; a layer's Parameter is one.
 * @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE] a word that the format cannot hold, [ERR_INVALID_LENGTH] a
 * table of another size; before the disk is touched. Then as saveSafetensors.
 * @see https://code.google.com/archive/p/word2vec/
 * @example
 * import { readFileSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { saveWordVectors } from "nn-embedding/checkpoint/file";
 * const path = join(tmpdir(), `words-${process.pid}.txt`);
 * await saveWordVectors(path, ["bread", "wine"], { shape: [2, 2], data: Float32Array.of(1, -0.5, 0.1, 2) });
 * readFileSync(path, "utf8"); // => "2 2\nbread 1 -0.5\nwine 0.1 2\n"
 */
export async function saveWordVectors(
  path: string | URL,
  words: readonly string[],
  vectors: { readonly shape: readonly number[]; readonly data: Float32Array },
): Promise<void> {
  await saveParts(path, layOutWordVectors(words, vectors));
}

async function saveParts(path: string | URL, layout: Layout): Promise<void> {
  const target = pathOf(path);
  const mode = await modeOf(target);
  const temporary = join(dirname(target), `.nn-embedding-${randomUUID()}.tmp`);
  const file = await open(temporary, "wx", mode);
  try {
    try {
      if (mode !== undefined) await file.chmod(mode); // open() takes the umask off
      await write(file, layout);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await unlink(temporary).catch(() => {}); // the first error is the one to tell
    throw error;
  }
  await syncFolder(dirname(target));
}

/**
 * Loads a safetensors file, of any size. Every tensor has memory of its own, so a tensor that is let go is freed.
 *
 * @param path where from, a file path or a file: URL.
 * @returns the metadata and the tensors, in the order in which they lie in the file.
 * @throws RangeError or TypeError [ERR_INVALID_CHECKPOINT] not a safetensors file; the message starts with the path and
 * goes on as that of decodeSafetensors.
 * @throws RangeError [ERR_OUT_OF_MEMORY] a tensor too large for one array.
 * @throws Error with the system's code: ENOENT no such file, EACCES not allowed, EISDIR a folder …
 * @see https://github.com/huggingface/safetensors#format
 * @example
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { loadSafetensors, saveSafetensors } from "nn-embedding/checkpoint/file";
 * const path = join(tmpdir(), `counts-${process.pid}.safetensors`);
 * await saveSafetensors(path, { counts: { shape: [3], data: Uint32Array.of(7, 8, 9) } });
 * (await loadSafetensors(path)).tensors.get("counts")?.dtype; // => "U32"
 */
export async function loadSafetensors(path: string | URL): Promise<Checkpoint> {
  const source = pathOf(path);
  const file = await open(source, "r");
  try {
    return await read(file);
  } catch (error) {
    throw withPath(source, error);
  } finally {
    await file.close();
  }
}

async function read(file: FileHandle): Promise<Checkpoint> {
  const fileLength = (await file.stat()).size;
  const prefix = await readBytes(file, 0, Math.min(prefixBytes, fileLength));
  const start = prefixBytes + readHeaderLength(prefix, fileLength);
  const header = await readBytes(file, prefixBytes, start - prefixBytes);
  const { metadata, entries } = readHeader(header, fileLength - start);
  const tensors = new Map<string, Tensor>();
  for (const entry of entries) {
    tensors.set(entry.name, tensorOf(entry, await readBytes(file, start + entry.begin, entry.end - entry.begin)));
  }
  return { metadata, tensors };
}

async function readBytes(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(length);
  } catch {
    throw rangeError("ERR_OUT_OF_MEMORY", `tensor length is ${length} bytes, expected what one array can hold`);
  }
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, Math.min(bytesPerRead, length - at), position + at);
    if (bytesRead === 0) {
      const found = `file length is ${position + at} bytes`;
      throw rangeError(
        "ERR_INVALID_CHECKPOINT",
        `${found}, expected at least ${position + length}: it was cut while being read`,
      );
    }
    at += bytesRead;
  }
  return bytes;
}

async function write(file: FileHandle, { parts }: Layout): Promise<void> {
  const lengths = parts.map((part) => part.byteLength);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const stage = new Uint8Array(Math.min(bytesPerWrite, total)); // a backend may move its memory while the disk works
  let filled = 0;
  for (const [i, part] of parts.entries()) {
    for (let at = 0; at < lengths[i]; ) {
      if (part.byteLength !== lengths[i]) {
        const found = `tensor memory is ${part.byteLength} bytes while it is saved`;
        throw typeError("ERR_DISPOSED", `${found}, expected it to stay ${lengths[i]} until the promise settles`);
      }
      const count = Math.min(lengths[i] - at, stage.byteLength - filled);
      stage.set(part.subarray(at, at + count), filled);
      at += count;
      filled += count;
      if (filled < stage.byteLength) continue;
      await writeBytes(file, stage, filled);
      filled = 0;
    }
  }
  await writeBytes(file, stage, filled);
}

async function writeBytes(file: FileHandle, bytes: Uint8Array, length: number): Promise<void> {
  for (let at = 0; at < length; ) at += (await file.write(bytes, at, length - at)).bytesWritten;
}

/** The permissions of the file that will be replaced; undefined where there is none. */
async function modeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (found === undefined || found.isFile()) return found && found.mode & 0o777;
  const kind = found.isDirectory() ? "a folder" : "not a file";
  throw rangeError("ERR_OUT_OF_RANGE", `path is ${show(path)}, ${kind}, expected a file or nothing there`);
}

/** Brings the rename itself to the disk; not every system can. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close().catch(() => {});
}

function pathOf(path: string | URL): string {
  if (typeof path !== "string" && !(path instanceof URL)) {
    throw typeError("ERR_INVALID_ARG_TYPE", `path is ${show(path)}, expected a string or a file: URL`);
  }
  return typeof path === "string" ? path : fileURLToPath(path);
}

/** The error with the file in front, where the file is at fault. */
function withPath(path: string, error: unknown): unknown {
  const { code, message } = error as Error & { code?: ErrorCode };
  if (code !== "ERR_INVALID_CHECKPOINT" && code !== "ERR_OUT_OF_MEMORY") return error;
  return (error instanceof TypeError ? typeError : rangeError)(code, `${path}: ${message}`);
}
