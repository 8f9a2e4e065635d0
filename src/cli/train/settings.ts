/** What `nn-embedding train` may be told, and the checks of it. */
import { realpath } from "node:fs/promises";
import type { CAC } from "cac";
import { checkNumber, checkWhole, checkWord } from "../../check.js";
import { rangeError, show, typeError } from "../../errors.js";
import { checkGiven, checkWritable, flag } from "../commandLine.js";

/** The floats that a table or one array of a batch may have: 1 GiB. */
const mostFloats = 2 ** 28;

/** What a step of word2vec takes: the kernels' working memory is fixed. */
const mostWordDim = 65536;
const mostNegatives = 63;

/** Sentences are cut after so many words. */
const mostWindow = 1000;

/** The models there are. */
const models = ["lm", "skipgram", "cbow"] as const;

/** Words at most where --min-count alone decides. */
const unlimited = 2 ** 31 - 1;

/** The checked options; those that are not of the model have the values of another. */
export interface Settings {
  /** The text; undefined for the bundled one. */
  readonly file: string | undefined;
  readonly model: (typeof models)[number];
  readonly epochs: number;
  readonly dim: number;
  readonly vocabulary: number;
  readonly lr: number;
  readonly seed: number;
  readonly backend: string | undefined;
  readonly out: string;
  readonly format: "safetensors" | "word2vec";
  // lm
  readonly context: number;
  readonly batch: number;
  readonly positions: "multiply" | "add";
  readonly steps: number | undefined;
  // skipgram and cbow
  readonly window: number;
  readonly negatives: number;
  readonly minCount: number;
  readonly subsample: number;
}

/** Options of one kind of model, by what they are when they are not given. */
const ofLanguageModel = { context: 5, batch: 64, positions: "multiply" } as const;
const ofWordVectors = { window: 5, negatives: 5, minCount: 5, subsample: 1e-3 } as const;
const everywhere = { epochs: 5, seed: 123, format: "safetensors" } as const;

const defaults = {
  lm: { ...everywhere, ...ofWordVectors, ...ofLanguageModel, minCount: 1, dim: 64, vocabulary: 3000, lr: 0.1 },
  skipgram: { ...everywhere, ...ofLanguageModel, ...ofWordVectors, dim: 100, vocabulary: unlimited, lr: 0.025 },
  cbow: { ...everywhere, ...ofLanguageModel, ...ofWordVectors, dim: 100, vocabulary: unlimited, lr: 0.05 },
};

const { lm, skipgram, cbow } = defaults;

/** Where the result goes when it is not said. */
const outs = { safetensors: "nn-embedding.safetensors", word2vec: "nn-embedding.txt" };

/** Declares the verb and its options; `action` gets what the command line gave, unchecked. */
export function declareTrain(
  cli: CAC,
  action: (file: unknown, options: Record<string, unknown>) => Promise<void>,
): void {
  // The defaults are told in words: cac fails on "--dim.x 3" where it knows of a default.
  cli
    .command(
      "train [FILE]",
      "Train a small language model, or word vectors, on a text (default: the bundled text, Genesis)",
    )
    .option("--model <name>", "lm, which predicts the next word; skipgram or cbow, which are word2vec's (default: lm)")
    .option("--epochs <n>", `Times through the text (default: ${lm.epochs})`)
    .option("--dim <n>", `Floats per word (default: ${lm.dim}; word2vec: ${skipgram.dim})`)
    .option(
      "--vocabulary <n>",
      `Words at most, <unk> and </s> among them (default: ${lm.vocabulary}; word2vec: no limit)`,
    )
    .option("--lr <x>", `Learning rate (default: ${lm.lr}; skipgram: ${skipgram.lr}; cbow: ${cbow.lr})`)
    .option("--context <n>", `lm: words that the next is predicted from (default: ${lm.context})`)
    .option("--batch <n>", `lm: examples per step (default: ${lm.batch})`)
    .option(
      "--positions <how>",
      `lm: multiply, or add, which cannot tell the order of words (default: ${lm.positions})`,
    )
    .option("--steps <n>", "lm: stop after so many steps")
    .option("--window <n>", `word2vec: words on either side, at most (default: ${skipgram.window})`)
    .option("--negatives <n>", `word2vec: words drawn against each that is predicted (default: ${skipgram.negatives})`)
    .option("--min-count <n>", `word2vec: how often a word must come up (default: ${skipgram.minCount})`)
    .option(
      "--subsample <t>",
      `word2vec: words of a larger part of the text are thinned out; 0: none (default: ${skipgram.subsample})`,
    )
    .option("--threads <n>", "1: steps are taken in order, so that the same seed gives the same file")
    .option("--seed <n>", `The same seed gives the same file, byte for byte (default: ${lm.seed})`)
    .option("--backend <name>", "native, native:avx2, wasm, js … (default: the best that works here)")
    .option("--out <file>", `Where the result is saved (default: ${outs.safetensors}, or the file of --resume)`)
    .option("--format <name>", "safetensors, or word2vec: lines of text (default: safetensors)")
    .option("--resume <file>", "Go on with what an interrupted training saved; its settings are in it")
    .example("  $ nn-embedding train")
    .example("  $ nn-embedding train novel.txt --epochs 10 --out novel.safetensors")
    .example("  $ nn-embedding train novel.txt --model skipgram --format word2vec --out novel.txt")
    .action(action);
}

/** The settings that shape the bytes, as an unfinished training keeps them. */
export type SavedSettings = Readonly<Record<string, unknown>>;

/** Their names, of all models. */
const savedNames: readonly string[] = [
  ...["model", "epochs", "dim", "vocabulary", "lr", "seed"],
  ...Object.keys(ofLanguageModel),
  ...Object.keys(ofWordVectors),
];

/** See {@link SavedSettings}. */
export function savedSettings(settings: Settings): SavedSettings {
  const { model, epochs, dim, vocabulary, lr, seed } = settings;
  const own = Object.keys(model === "lm" ? ofLanguageModel : ofWordVectors) as (keyof Settings)[];
  return { model, epochs, dim, vocabulary, lr, seed, ...Object.fromEntries(own.map((name) => [name, settings[name]])) };
}

/**
 * The file of --resume, if it is given.
 *
 * @throws TypeError [ERR_INVALID_ARG_TYPE] an option is given twice, something is behind --, or --resume is no path
 */
export function checkResume(options: Record<string, unknown>): string | undefined {
  checkGiven(options);
  return options.resume === undefined ? undefined : checkPath("--resume", options.resume);
}

/**
 * The options as they came from the command line, checked.
 *
 * @param resume what the settings are taken from that are not given; those that are given must agree with it.
 * @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE]
 */
export function checkSettings(
  file: unknown,
  options: Record<string, unknown>,
  resume?: { readonly path: string; readonly settings: SavedSettings },
): Settings {
  if (file !== undefined && typeof file !== "string") {
    throw typeError("ERR_INVALID_ARG_TYPE", `FILE is ${show(file)}, expected a path`);
  }
  // Only what shapes the bytes: where a result goes, and how, is not a file's to say.
  const saved = Object.fromEntries(
    Object.entries(resume?.settings ?? {}).filter(([name]) => savedNames.includes(name)),
  );
  for (const [name, value] of Object.entries(saved)) {
    if (options[name] === undefined || options[name] === value) continue;
    const expected = `${show(value)}, with which ${show(resume!.path)} was begun: leave it out`;
    throw rangeError("ERR_OUT_OF_RANGE", `${flag(name)} is ${show(options[name])}, expected ${expected}`);
  }
  const { model = "lm" } = { ...saved, ...options };
  checkWord("--model", model, models);
  const [foreign, theirs] =
    model === "lm" ? [ofWordVectors, "skipgram or cbow"] : [{ ...ofLanguageModel, steps: 0 }, "lm"];
  for (const name of Object.keys(foreign)) {
    if (options[name] === undefined) continue;
    const found = `${flag(name)} is ${show(options[name])} with --model ${model}`;
    throw rangeError("ERR_OUT_OF_RANGE", `${found}, expected it only with --model ${theirs}`);
  }
  const given: Record<string, unknown> = { ...defaults[model], ...saved, ...options };
  const { epochs, dim, vocabulary, lr, seed, backend, format, threads = 1 } = given;
  checkWhole("--epochs", epochs, 1);
  checkWhole("--dim", dim, 1, model === "lm" ? undefined : mostWordDim);
  checkWhole("--vocabulary", vocabulary, 3, 2 ** 31 - 1);
  checkNumber("--lr", lr, 0, true);
  checkWhole("--seed", seed, 0, 2 ** 32 - 1);
  checkWord("--format", format, ["safetensors", "word2vec"]);
  checkWhole("--threads", threads, 1, 1);
  if (backend !== undefined && typeof backend !== "string") {
    throw typeError(
      "ERR_INVALID_ARG_TYPE",
      `--backend is ${show(backend)}, expected the name of a backend, such as wasm`,
    );
  }
  const out = checkPath(
    "--out",
    given.out ?? (format === "safetensors" && resume !== undefined ? resume.path : outs[format]),
  );
  const shared = { file, model, epochs, dim, vocabulary, lr, seed, backend, out, format };
  return { ...shared, ...checkLanguageModel(given), ...checkWordVectors(given) };
}

function checkLanguageModel({ context, batch, positions, steps }: Record<string, unknown>) {
  checkWhole("--context", context, 1);
  checkWhole("--batch", batch, 1);
  checkWord("--positions", positions, ["multiply", "add"]);
  if (steps !== undefined) checkWhole("--steps", steps, 1);
  return { context, batch, positions, steps };
}

function checkWordVectors({ window, negatives, minCount, subsample }: Record<string, unknown>) {
  checkWhole("--window", window, 1, mostWindow);
  checkWhole("--negatives", negatives, 1, mostNegatives);
  checkWhole("--min-count", minCount, 1);
  checkNumber("--subsample", subsample, 0);
  return { window, negatives, minCount, subsample };
}

/** The command line hands over 007 as 7: better no file than one of another name. */
function checkPath(name: string, path: unknown): string {
  if (typeof path === "string") return path;
  const found =
    typeof path === "number"
      ? `the number ${path}, expected a path, such as ./${path}.safetensors`
      : `${show(path)}, expected a path`;
  throw typeError("ERR_INVALID_ARG_TYPE", `${name} is ${found}`);
}

/**
 * Refuses what memory cannot hold; a mistyped number is more likely than a model of that size.
 *
 * @throws RangeError [ERR_OUT_OF_RANGE]
 */
export function checkMemory({ model, batch, context, dim }: Settings, numTokens: number): void {
  const products: Record<string, number> = { "words x --dim": numTokens * dim };
  if (model === "lm")
    Object.assign(products, {
      "--batch x words": batch * numTokens,
      "--batch x --context x --dim": batch * context * dim,
    });
  for (const [name, floats] of Object.entries(products)) {
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
  await checkWritable("--out", out);
  if (file === undefined) return;
  const [left, right] = await Promise.all([out, file].map((path) => realpath(path).catch(() => undefined)));
  if (left === undefined || left !== right) return;
  throw rangeError("ERR_OUT_OF_RANGE", `--out is ${show(out)}, the text itself, expected another file`);
}
