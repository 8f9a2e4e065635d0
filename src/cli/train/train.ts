/** `nn-embedding train`: a text in, a table of its words out. */
import { basename } from "node:path";
import type { CAC } from "cac";
import { saveSafetensors, saveWordVectors } from "../../checkpoint/file.js";
import { readText } from "./corpus.js";
import { type Interruption, watchForInterruption } from "./interruption.js";
import { nearestNeighbors } from "./neighbors.js";
import { duration, thousands } from "./progress.js";
import { checkSameText, hashOf, packTraining, type ResumePoint, readResumePoint } from "./resume.js";
import { checkOut, checkResume, checkSettings, declareTrain, type Settings, savedSettings } from "./settings.js";
import type { Training } from "./training.js";
import { LanguageModelTraining } from "./trainLanguageModel.js";
import { WordVectorsTraining } from "./trainWordVectors.js";
import { unknownId, Vocabulary } from "./vocabulary.js";

/** Adds the verb to the command line. */
export function addTrain(cli: CAC): void {
  declareTrain(cli, async (file, options) => {
    const interruption = watchForInterruption();
    try {
      await train(file, options, interruption);
    } finally {
      interruption.stop();
    }
  });
}

/**
 * Reads, trains, shows, saves. What is saved depends on the text, the settings and nothing else: not on the backend, the machine,
 * the time, the path, or whether it was interrupted and resumed on the way.
 *
 * @param file the text; undefined for the one that comes along.
 * @param options what the command line gave, unchecked.
 * @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE], and whatever reading and saving throw
 */
export async function train(
  file: unknown,
  options: Record<string, unknown>,
  interruption: Interruption,
): Promise<void> {
  const started = performance.now();
  const from = checkResume(options);
  const resume = from === undefined ? undefined : await readResumePoint(from);
  const settings = checkSettings(file, options, resume);
  const text = await readText(settings.file);
  const unfinished = unfinishedPath(settings);
  for (const path of new Set([settings.out, unfinished])) await checkOut(path, settings.file);
  const vocabulary =
    resume?.vocabulary ?? Vocabulary.fromText(text, { size: settings.vocabulary, minCount: settings.minCount });
  const tokens = vocabulary.encode(text);
  if (resume !== undefined) checkSameText(resume, tokens);
  using training = trainingOf(settings, vocabulary, tokens, resume);

  describe(training, settings, tokens.length);
  await training.learn(interruption);
  if (interruption.happened && !training.finished) {
    await saveUnfinished(unfinished, training, settings, tokens);
    console.log(`interrupted: saved ${unfinished}; go on with\n  ${resumeCommand(settings, unfinished)}`);
    process.exitCode = 130; // 128 + SIGINT, as shells count
    return;
  }
  showNeighbors(training);
  const took = duration(performance.now() - started);
  console.log(`\nsaved    ${settings.out}: ${await save(training, settings, tokens)}, after ${took}`);
}

function trainingOf(
  settings: Settings,
  vocabulary: Vocabulary,
  tokens: Uint32Array,
  resume: ResumePoint | undefined,
): Training {
  const Model = settings.model === "lm" ? LanguageModelTraining : WordVectorsTraining;
  return new Model(settings, vocabulary, tokens, resume);
}

function describe(training: Training, { file }: Settings, numTokens: number): void {
  const { vocabulary, description, implementation } = training;
  const name = file === undefined ? "the bundled text (Genesis)" : basename(file);
  const unknown = ((100 * vocabulary.counts[unknownId]) / numTokens).toFixed(1);
  const size = `vocabulary of ${thousands(vocabulary.size)}`;
  console.log(`text     ${name}: ${thousands(numTokens)} words, ${size} (${unknown} % of the text is outside)`);
  console.log(`model    ${description}`);
  console.log(`backend  ${implementation}\n`);
}

function showNeighbors({ words, vocabulary }: Training): void {
  const found = nearestNeighbors(words, vocabulary, 8, 5);
  if (found.length === 0) {
    console.log("\nno word came up often enough to show its neighbors");
    return;
  }
  console.log("\nnearest neighbors");
  const width = Math.max(...found.map(({ word }) => word.length));
  for (const { word, neighbors } of found) {
    console.log(`  ${word.padEnd(width)}  ${neighbors.map((each) => each.word).join(" ")}`);
  }
}

/** Saves the result as it was asked for, and tells in words what was saved. */
async function save(training: Training, settings: Settings, tokens: Uint32Array): Promise<string> {
  const { out, format } = settings;
  if (format === "word2vec") {
    const { ids, vocabulary, words } = training;
    const names = Array.from(ids, (id) => vocabulary.word(id));
    await saveWordVectors(out, names, { shape: [ids.length, words.embeddingDim], data: words.forward(ids) });
    return `${thousands(ids.length)} words and their vectors`;
  }
  if (training.finished) await saveSafetensors(out, training.tensors, training.metadata);
  else await saveUnfinished(out, training, settings, tokens);
  return `${Object.keys(training.tensors).join(", ")} and the vocabulary`;
}

/** Where an interrupted training is saved: text cannot hold it, and `out` with another ending may be a result of the user's. */
function unfinishedPath({ format, out }: Settings): string {
  return format === "word2vec" ? `${out}.unfinished.safetensors` : out;
}

async function saveUnfinished(out: string, training: Training, settings: Settings, tokens: Uint32Array): Promise<void> {
  const { tensors, metadata } = packTraining(training, savedSettings(settings), hashOf(tokens));
  await saveSafetensors(out, tensors, metadata);
}

/** What the user types to go on. */
function resumeCommand({ file, backend, format, out, steps }: Settings, saved: string): string {
  const options = { resume: saved, backend, steps, ...(format === "word2vec" ? { format, out } : {}) };
  const words = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, quoted(String(value))],
  );
  return ["nn-embedding train", ...(file === undefined ? [] : [quoted(file)]), ...words].join(" ");
}

/** A word as a shell takes it, and the command line behind it: no option begins with a dot. */
function quoted(given: string): string {
  const word = given.startsWith("-") ? `./${given}` : given;
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
