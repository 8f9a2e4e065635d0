import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadSafetensors, saveSafetensors } from "../../src/checkpoint/file.js";
import { type Checkpoint, encodeSafetensors, type TensorSource } from "../../src/checkpoint/index.js";
import { fileOf } from "./support.js";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "checkpoint-"));
  path = join(folder, "table.safetensors");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const tensors: Record<string, TensorSource> = {
  weight: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
  counts: { shape: [3], data: BigInt64Array.of(1n, -2n, 3n) },
  empty: { shape: [0, 5], data: new Uint16Array(0) },
  mask: { dtype: "BOOL", shape: [3], data: Uint8Array.of(1, 0, 1) },
};

async function failure(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => expect.fail("nothing was thrown"),
    (error) => error,
  );
}

/** Waits until the folder holds a file whose name ends so, of at least so many bytes. */
async function appearance(end: string, length: number): Promise<void> {
  for (;;) {
    const name = (await readdir(folder)).find((found) => found.endsWith(end));
    if (name !== undefined && (await stat(join(folder, name))).size >= length) return;
  }
}

test("saves what encodeSafetensors gives, and nothing else; loads it again; a file: URL does as well", async () => {
  await saveSafetensors(path, tensors, { epoch: "5" });
  expect(await readdir(folder)).toEqual(["table.safetensors"]);
  expect(new Uint8Array(await readFile(path))).toEqual(encodeSafetensors(tensors, { epoch: "5" }));
  await saveSafetensors(pathToFileURL(path), tensors);
  const { metadata, tensors: loaded }: Checkpoint = await loadSafetensors(pathToFileURL(path));
  expect(Object.keys(metadata)).toEqual([]);
  expect([...loaded.keys()]).toEqual(["counts", "weight", "empty", "mask"]);
  for (const [name, tensor] of loaded) expect(tensor).toMatchObject(tensors[name]);
  expect(loaded.get("mask")!.dtype).toBe("BOOL");
});

test("tensors over several writes, and many small ones", async () => {
  const many: Record<string, TensorSource> = {};
  for (let i = 0; i < 3; i++) {
    const data = new Uint32Array(3_000_017 + i);
    for (let j = 0; j < data.length; j++) data[j] = Math.imul(j, 2654435761) + i;
    many[`large${i}`] = { shape: [data.length], data };
  }
  for (let i = 0; i < 2000; i++) many[`small${i}`] = { shape: [i % 7], data: new Int8Array(i % 7).fill(i) };
  await saveSafetensors(path, many);
  expect(Buffer.compare(await readFile(path), encodeSafetensors(many))).toBe(0);
  const { tensors: loaded } = await loadSafetensors(path);
  for (const [name, { data }] of Object.entries(many)) {
    const found = loaded.get(name)!.data;
    expect(Buffer.compare(Buffer.from(found.buffer), Buffer.from(data.buffer)), name).toBe(0);
  }
});

test("an existing file is replaced, with its permissions; a link is replaced, not what it points to", async () => {
  await writeFile(path, "old");
  await chmod(path, 0o666);
  await saveSafetensors(path, tensors);
  if (process.platform !== "win32") expect((await stat(path)).mode & 0o777).toBe(0o666);
  const link = join(folder, "link.safetensors");
  await symlink(path, link);
  await saveSafetensors(link, {});
  expect((await lstat(link)).isFile()).toBe(true);
  expect((await loadSafetensors(path)).tensors.size).toBe(4);
  expect((await loadSafetensors(link)).tensors.size).toBe(0);
});

test("what cannot be encoded is refused before the disk is touched", async () => {
  await writeFile(path, "old");
  const error = await failure(saveSafetensors(path, { a: { shape: [3], data: Float32Array.of(1) } }));
  expect(error.code).toBe("ERR_INVALID_LENGTH");
  expect(await readFile(path, "utf8")).toBe("old");
  expect(await readdir(folder)).toEqual(["table.safetensors"]);
});

test("memory that goes away in mid-write: the old file stays, no litter", async () => {
  await saveSafetensors(path, tensors);
  const data = new Float32Array(24 * 2 ** 20).fill(1);
  const saving = failure(saveSafetensors(path, { data: { shape: [data.length], data } }));
  await appearance(".tmp", 2 ** 20);
  structuredClone(data.buffer, { transfer: [data.buffer] });
  const error = await saving;
  expect(error).toBeInstanceOf(TypeError);
  expect(error.code).toBe("ERR_DISPOSED");
  expect(error.message).toBe(
    "tensor memory is 0 bytes while it is saved, expected it to stay 100663296 until the promise settles",
  );
  expect(await readdir(folder)).toEqual(["table.safetensors"]);
  expect((await loadSafetensors(path)).tensors.size).toBe(4);
});

test("a rename that fails: no litter", async () => {
  const data = new Float32Array(16 * 2 ** 20);
  const saving = failure(saveSafetensors(path, { data: { shape: [data.length], data } }));
  await appearance(".tmp", 0);
  await mkdir(path);
  expect((await saving).code).toMatch(/^(EISDIR|EPERM|EEXIST|ENOTEMPTY)$/);
  expect(await readdir(folder)).toEqual(["table.safetensors"]);
  expect((await stat(path)).isDirectory()).toBe(true);
});

test("a path that is a folder, a folder that is missing, a path of another kind", async () => {
  await mkdir(path);
  const error = await failure(saveSafetensors(path, tensors));
  expect(error.code).toBe("ERR_OUT_OF_RANGE");
  expect(error.message).toMatch(/^path is ".*, a folder, expected a file or nothing there$/);
  expect(await readdir(folder)).toEqual(["table.safetensors"]);
  expect((await failure(saveSafetensors(join(folder, "none", "x"), tensors))).code).toBe("ENOENT");
  const kind = await failure(saveSafetensors(5 as never, tensors));
  expect([kind.code, kind.message]).toEqual(["ERR_INVALID_ARG_TYPE", "path is 5, expected a string or a file: URL"]);
  expect((await failure(loadSafetensors(5 as never))).code).toBe("ERR_INVALID_ARG_TYPE");
});

test.skipIf(process.platform === "win32")("a read-only folder (skipped on Windows, which has none)", async () => {
  await saveSafetensors(path, tensors);
  await chmod(folder, 0o555);
  const isRoot = process.geteuid?.() === 0; // root may write anywhere: be somebody else for once
  if (isRoot) process.seteuid?.(65534);
  const error = await failure(saveSafetensors(path, {}));
  if (isRoot) process.seteuid?.(0);
  await chmod(folder, 0o755);
  expect(error.code).toBe("EACCES");
  expect(await readdir(folder)).toEqual(["table.safetensors"]);
  expect((await loadSafetensors(path)).tensors.size).toBe(4);
});

test("two saves at once: one of the two files, whole", async () => {
  const saves = Array.from({ length: 8 }, (_, i) => {
    return saveSafetensors(path, { i: { shape: [1000], data: new Float32Array(1000).fill(i) } });
  });
  await Promise.all(saves);
  expect(await readdir(folder)).toEqual(["table.safetensors"]);
  const { data } = (await loadSafetensors(path)).tensors.get("i")!;
  expect(new Set(data as Float32Array).size).toBe(1);
});

test("a file that is none is refused in the words of decodeSafetensors, behind its path", async () => {
  const cases: [Uint8Array, typeof Error, string][] = [
    [new Uint8Array(0), RangeError, "checkpoint length is 0 bytes, expected at least 8: the length of the header"],
    [new Uint8Array(5), RangeError, "checkpoint length is 5 bytes, expected at least 8: the length of the header"],
    [fileOf("{}", 0, 9n), RangeError, "header length is 9 bytes, expected at most the 2 that follow it"],
    [fileOf("{}", 1), RangeError, "end of the last tensor is 0, expected 1, the number of bytes behind the header"],
    [fileOf('{"a":1}'), TypeError, 'tensors["a"] is 1, expected an object with dtype, shape, data_offsets'],
  ];
  for (const [bytes, Kind, message] of cases) {
    await writeFile(path, bytes);
    const error = await failure(loadSafetensors(path));
    expect(error).toBeInstanceOf(Kind);
    expect([error.code, error.message]).toEqual(["ERR_INVALID_CHECKPOINT", `${path}: ${message}`]);
  }
  expect((await failure(loadSafetensors(join(folder, "none")))).code).toBe("ENOENT");
  expect((await failure(loadSafetensors(folder))).code).toBe("EISDIR");
});

test("a tensor over 2 GiB, which the system does not read at once: a file of little else than a hole", async () => {
  const length = 2 ** 31 + 12_345;
  const header = fileOf(JSON.stringify({ data: { dtype: "U8", shape: [length], data_offsets: [0, length] } }));
  await writeFile(path, header);
  await truncate(path, header.length + length);
  const places = [0, 2 ** 30 - 1, 2 ** 30, 2 ** 31 - 1, 2 ** 31, length - 1];
  const file = await open(path, "r+");
  for (const [i, place] of places.entries()) await file.write(Uint8Array.of(i + 1), 0, 1, header.length + place);
  await file.close();
  const data = (await loadSafetensors(path)).tensors.get("data")!.data as Uint8Array;
  expect(data.length).toBe(length);
  expect(places.map((place) => data[place])).toEqual([1, 2, 3, 4, 5, 6]);
  await truncate(path, 2 ** 31);
  expect((await failure(loadSafetensors(path))).code).toBe("ERR_INVALID_CHECKPOINT");
});
