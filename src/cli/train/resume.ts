/** An unfinished training as a checkpoint: its tables as ever, and beside them all that it takes to go on as if nothing had happened. */
import { createHash } from "node:crypto";
import { loadSafetensors } from "../../checkpoint/file.js";
import type { Checkpoint, TensorSource } from "../../checkpoint/index.js";
import { rangeError, show } from "../../errors.js";
import type { SavedSettings } from "./settings.js";
import type { Training } from "./training.js";
import { Vocabulary } from "./vocabulary.js";

/** What was read of an unfinished training. */
export interface ResumePoint {
  readonly path: string;
  readonly settings: SavedSettings;
  readonly vocabulary: Vocabulary;
  /** {@link hashOf} the text. */
  readonly text: string;
  /** As Training.state was. */
  readonly state: unknown;
  readonly tensors: Checkpoint["tensors"];
}

/** The contents of a checkpoint to go on from. Typed arrays of the state become tensors of the file. */
export function packTraining(
  training: Training,
  settings: SavedSettings,
  text: string,
): { tensors: Record<string, TensorSource>; metadata: Record<string, string> } {
  const tensors: Record<string, TensorSource> = { ...training.tensors };
  let count = 0;
  const resume = JSON.stringify({ settings, text, state: training.state }, (_, value: unknown) => {
    if (!(value instanceof Float32Array || value instanceof Uint8Array)) return value;
    const tensor = `state.${count++}`;
    tensors[tensor] = { shape: [value.length], data: value };
    return { tensor };
  });
  return { tensors, metadata: { ...training.metadata, resume } };
}

/**
 * Reads what {@link packTraining} wrote.
 *
 * @throws RangeError [ERR_OUT_OF_RANGE] no such file, or a training that is finished; RangeError or TypeError [ERR_INVALID_CHECKPOINT]
 * not a file of ours.
 */
export async function readResumePoint(path: string): Promise<ResumePoint> {
  const { metadata, tensors } = await loadSafetensors(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT" && error.code !== "EISDIR") throw error;
    const found = error.code === "ENOENT" ? "which is not there" : "a folder";
    throw rangeError(
      "ERR_OUT_OF_RANGE",
      `--resume is ${show(path)}, ${found}, expected what an unfinished training saved`,
    );
  });
  if (metadata.resume === undefined) {
    const ours = metadata.format?.startsWith("nn-embedding ");
    const found = ours ? "a training that is finished" : "not of nn-embedding train";
    throw rangeError("ERR_OUT_OF_RANGE", `--resume is ${show(path)}, ${found}, expected an unfinished one`);
  }
  const { settings, text, state } = parse(path, metadata.resume, tensors);
  const vocabulary = readVocabulary(path, metadata.vocabulary);
  return { path, settings, vocabulary, text, state, tensors };
}

function readVocabulary(path: string, json: string | undefined): Vocabulary {
  try {
    return Vocabulary.fromJSON(json);
  } catch (error) {
    throw rangeError("ERR_INVALID_CHECKPOINT", `${path}: ${(error as Error).message}`);
  }
}

function parse(
  path: string,
  json: string,
  tensors: Checkpoint["tensors"],
): Omit<ResumePoint, "vocabulary" | "tensors" | "path"> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json, (_, value: { tensor?: string } | null) =>
      typeof value?.tensor === "string" ? tensors.get(value.tensor)?.data : value,
    );
  } catch {
    throw damaged(path, "resume", json, "JSON");
  }
  const { settings, text, state } = (parsed ?? {}) as Partial<ResumePoint>;
  if (typeof settings !== "object" || settings === null) throw damaged(path, "resume.settings", settings, "an object");
  if (typeof text !== "string") throw damaged(path, "resume.text", text, "a string");
  if (typeof state !== "object" || state === null) throw damaged(path, "resume.state", state, "an object");
  return { settings, text, state };
}

/** The error for a part of a resume point that is not what it should be. */
export function damaged(path: string, name: string, value: unknown, expected: string): RangeError {
  return rangeError("ERR_INVALID_CHECKPOINT", `${path}: ${name} is ${show(value)}, expected ${expected}`);
}

/** Throws unless the state's entry is an integer in [0, most]. */
export function checkEntry(path: string, name: string, value: unknown, most = Number.MAX_SAFE_INTEGER): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most) return value as number;
  throw damaged(path, `resume.state.${name}`, value, `an integer in [0, ${most}]`);
}

/** Puts the saved values back into the tables. All are looked at before the first is touched. */
export function restoreTables({ path, tensors }: ResumePoint, tables: Readonly<Record<string, TensorSource>>): void {
  for (const [name, { shape, data }] of Object.entries(tables)) {
    const saved = tensors.get(name);
    if (saved?.dtype === "F32" && saved.data.length === data.length && String(saved.shape) === String(shape)) continue;
    const found = saved === undefined ? "not there" : `${saved.dtype} [${saved.shape.join(", ")}]`;
    throw rangeError(
      "ERR_INVALID_CHECKPOINT",
      `${path}: tensor ${show(name)} is ${found}, expected F32 [${shape.join(", ")}]`,
    );
  }
  for (const [name, { data }] of Object.entries(tables))
    (data as Float32Array).set(tensors.get(name)!.data as Float32Array);
}

/** Tells one text from another, as the model sees it. */
export function hashOf(tokens: Uint32Array): string {
  return createHash("sha256")
    .update(new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength))
    .digest("hex");
}

/** @throws RangeError [ERR_OUT_OF_RANGE] the text is not the one that the training was begun with. */
export function checkSameText({ path, text }: ResumePoint, tokens: Uint32Array): void {
  if (hashOf(tokens) === text) return;
  throw rangeError(
    "ERR_OUT_OF_RANGE",
    `text is another than that of ${show(path)}, expected the one it was trained on: give the same FILE`,
  );
}
