/** What `nn-embedding train` may be told, and the checks of it. */
import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { CAC } from "cac";
import { checkInteger, checkNumber, checkSize, checkWord } from "../../check.js";
import { rangeError, show, typeError } from "../../errors.js";

/** The floats that a table or one array of a batch may have: 1 GiB. */
const mostFloats = 2 ** 28;

/** The checked options. */
export interface Settings {
  /** The text; undefined for the one that comes along. */
  readonly file: string | undefined;
  readonly epochs: number;
  readonly dim: number;
  readonly context: number;
  readonly vocabulary: number;
  readonly batch: number;
  readonly positions: "multiply" | "add";
  readonly lr: number;
  readonly seed: number;
  readonly steps: number | undefined;
  readonly backend: string | undefined;
  readonly out: string;
}

const defaults = {
  epochs: 5,
  dim: 64,
  context: 5,
  vocabulary: 3000,
  batch: 64,
  positions: "multiply",
  lr: 0.1,
  seed: 123,
  out: "nn-embedding.safetensors",
};

/** Declares the verb and its options; `action` gets what the command line gave, unchecked. */
export function declareTrain(
  cli: CAC,
  action: (file: unknown, options: Record<string, unknown>) => Promise<void>,
): void {
  // The defaults are told in words: cac fails on "--dim.x 3" where it knows of a default.
  cli
    .command("train [FILE]", "Train a small language model on a text (default: Genesis, which comes along)")
    .option("--epochs <n>", `Times through the text (default: ${defaults.epochs})`)
    .option("--dim <n>", `Floats a word (default: ${defaults.dim})`)
    .option("--context <n>", `Words that the next is predicted from (default: ${defaults.context})`)
    .option("--vocabulary <n>", `Words at most, <unk> and </s> among them (default: ${defaults.vocabulary})`)
    .option("--batch <n>", `Examples a step (default: ${defaults.batch})`)
    .option(
      "--positions <how>",
      `multiply, or add, which cannot tell the order of words (default: ${defaults.positions})`,
    )
    .option("--lr <x>", `Learning rate (default: ${defaults.lr})`)
    .option("--seed <n>", `The same seed gives the same file, byte for byte (default: ${defaults.seed})`)
    .option("--steps <n>", "Stop after so many steps")
    .option("--backend <name>", "native, native:avx2, wasm, js … (default: the best that works here)")
    .option("--out <file>", `Where the tables are saved (default: ${defaults.out})`)
    .example("  $ nn-embedding train")
    .example("  $ nn-embedding train novel.txt --epochs 10 --out novel.safetensors")
    .action(action);
}

/**
 * The options as they came from the command line, checked.
 *
 * @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE]
 */
export function checkSettings(file: unknown, options: Record<string, unknown>): Settings {
  const given: Record<string, unknown> = { ...defaults, ...options };
  const { epochs, dim, context, vocabulary, batch, positions, lr, seed, steps, backend, out } = given;
  for (const [name, value] of Object.entries(options)) {
    if (name === "--" || !Array.isArray(value)) continue;
    throw typeError("ERR_INVALID_ARG_TYPE", `--${name} is given ${value.length} times, expected once`);
  }
  if ((options["--"] as unknown[] | undefined)?.length) {
    throw typeError(
      "ERR_INVALID_ARG_TYPE",
      `-- is followed by ${show((options["--"] as unknown[])[0])}, expected nothing`,
    );
  }
  if (file !== undefined && typeof file !== "string") {
    throw typeError("ERR_INVALID_ARG_TYPE", `FILE is ${show(file)}, expected a path`);
  }
  checkSize("--epochs", epochs);
  checkSize("--dim", dim);
  checkSize("--context", context);
  checkInteger("--vocabulary", vocabulary, 3, 2 ** 31);
  checkSize("--batch", batch);
  checkWord("--positions", positions, ["multiply", "add"]);
  checkNumber("--lr", lr, 0, true);
  checkInteger("--seed", seed, 0, 2 ** 32);
  if (steps !== undefined) checkSize("--steps", steps);
  if (backend !== undefined && typeof backend !== "string") {
    throw typeError(
      "ERR_INVALID_ARG_TYPE",
      `--backend is ${show(backend)}, expected the name of a backend, such as wasm`,
    );
  }
  if (typeof out === "number") {
    // The command line hands over 007 as 7: better no file than one of another name.
    throw typeError(
      "ERR_INVALID_ARG_TYPE",
      `--out is the number ${out}, expected a path, such as ./${out}.safetensors`,
    );
  }
  if (typeof out !== "string") throw typeError("ERR_INVALID_ARG_TYPE", `--out is ${show(out)}, expected a path`);
  return { file, epochs, dim, context, vocabulary, batch, positions, lr, seed, steps, backend, out };
}

/**
 * Refuses what memory cannot hold; a mistyped number is more likely than a model of that size.
 *
 * @throws RangeError [ERR_OUT_OF_RANGE]
 */
export function checkMemory({ batch, context, dim }: Settings, numTokens: number): void {
  const products = { "words x --dim": numTokens * dim, "--batch x words": batch * numTokens };
  for (const [name, floats] of Object.entries({ ...products, "--batch x --context x --dim": batch * context * dim })) {
    if (floats <= mostFloats) continue;
    throw rangeError(
      "ERR_OUT_OF_RANGE",
      `${name} is ${floats}, expected at most ${mostFloats}, what memory should hold`,
    );
  }
}

/**
 * Finds out before the work, not behind it, whether its result can be saved.
 *
 * @throws RangeError [ERR_OUT_OF_RANGE] there is no such folder, it may not be written to, or what would be replaced is a folder
 * or the text itself.
 */
export async function checkOut(out: string, file: string | undefined): Promise<void> {
  const folder = dirname(resolve(out));
  const fault = await access(folder, constants.W_OK).catch((error: NodeJS.ErrnoException) => error);
  if (fault) {
    const why = fault.code === "ENOENT" ? "is not there" : `cannot be written to (${fault.code})`;
    throw rangeError("ERR_OUT_OF_RANGE", `--out is ${show(out)}, whose folder ${why}, expected a path in one that can`);
  }
  const found = await stat(out).catch(() => undefined);
  if (found !== undefined && !found.isFile()) {
    throw rangeError(
      "ERR_OUT_OF_RANGE",
      `--out is ${show(out)}, which is there and not a file, expected a file's path`,
    );
  }
  if (found === undefined || file === undefined) return;
  const [left, right] = await Promise.all([realpath(out), realpath(file).catch(() => undefined)]);
  if (left !== right) return;
  throw rangeError("ERR_OUT_OF_RANGE", `--out is ${show(out)}, the text itself, expected another file`);
}
