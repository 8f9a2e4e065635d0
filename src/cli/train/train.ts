/** `nn-embedding train`: a text in, a small language model out. */
import { basename } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { CAC } from "cac";
import { saveSafetensors } from "../../checkpoint/file.js";
import { rangeError } from "../../errors.js";
import { Generator } from "../../index.js";
import { batches, randomOrder, type Split, splitExamples } from "./batches.js";
import { readText } from "./corpus.js";
import { adagradEps, LanguageModel } from "./languageModel.js";
import { nearestNeighbors } from "./neighbors.js";
import { duration, Progress, thousands } from "./progress.js";
import { checkMemory, checkOut, checkSettings, declareTrain, type Settings } from "./settings.js";
import { UNKNOWN, Vocabulary } from "./vocabulary.js";

/** Milliseconds of work after which the process looks up, for Ctrl-C. */
const workMilliseconds = 50;

/** Adds the verb to the command line. */
export function addTrain(cli: CAC): void {
  declareTrain(cli, async (file, options) => train(checkSettings(file, options)));
}

/**
 * Reads, trains, shows, saves. What is saved depends on the text, the settings and nothing else: not on the backend, the machine,
 * the time or the path.
 */
async function train(settings: Settings): Promise<void> {
  const { file, out, context, positions, dim, lr, seed, backend } = settings;
  const started = performance.now();
  const text = await readText(file);
  await checkOut(out, file);
  const vocabulary = Vocabulary.fromText(text, { size: settings.vocabulary });
  const tokens = vocabulary.encode(text);
  const split = splitExamples(tokens.length, context);
  checkMemory(settings, vocabulary.size);
  const generator = new Generator(seed);
  using model = new LanguageModel({ numTokens: vocabulary.size, dim, context, positions, lr, generator, backend });

  describe(model, settings, vocabulary, tokens.length);
  const interruption = watchForInterruption();
  let steps: number | null;
  try {
    steps = await learn(model, tokens, split, generator, settings, interruption);
  } finally {
    interruption.stop();
  }
  if (steps === null) {
    console.log("interrupted: nothing is saved");
    process.exitCode = 130; // 128 + SIGINT, as shells count
    return;
  }
  showNeighbors(model, vocabulary);
  await saveSafetensors(out, model.tensors, metadataOf(settings, vocabulary, steps));
  const saved = `${Object.keys(model.tensors).join(", ")} and the vocabulary`;
  console.log(`\nsaved    ${out}: ${saved}, after ${duration(performance.now() - started)}`);
}

function describe(
  model: LanguageModel,
  { file, context, positions, dim }: Settings,
  vocabulary: Vocabulary,
  numTokens: number,
): void {
  const name = file === undefined ? "Genesis, which comes along" : basename(file);
  const unknown = ((100 * vocabulary.counts[UNKNOWN]) / numTokens).toFixed(1);
  const numFloats = Object.values(model.tensors).reduce((sum, { data }) => sum + data.length, 0);
  const size = `vocabulary of ${thousands(vocabulary.size)}`;
  console.log(`text     ${name}: ${thousands(numTokens)} words, ${size} (${unknown} % of the text is outside)`);
  const from = context === 1 ? "the one" : `the ${context}`;
  console.log(
    `model    predicts a word from ${from} before; dim ${dim}, positions ${positions}, ${thousands(numFloats)} floats`,
  );
  console.log(`backend  ${model.implementation}\n`);
}

/** All epochs, a line for each. Returns the steps taken, or null when interrupted. */
async function learn(
  model: LanguageModel,
  tokens: Uint32Array,
  { numTraining, numExamples }: Split,
  generator: Generator,
  { context, batch, epochs, lr, ...settings }: Settings,
  interruption: { readonly happened: boolean },
): Promise<number | null> {
  const mostSteps = Math.min(epochs * Math.ceil(numTraining / batch), settings.steps ?? Number.POSITIVE_INFINITY);
  const progress = new Progress(mostSteps, epochs);
  const heldOut = Uint32Array.from({ length: numExamples - numTraining }, (_, i) => numTraining + i);
  let steps = 0;
  let rested = performance.now();
  try {
    console.log("epoch     loss  held-out   words/s");
    for (let epoch = 1; steps < mostSteps; epoch++) {
      const begun = performance.now();
      let sum = 0;
      let words = 0;
      for (const { windows, targets } of batches(tokens, context, randomOrder(numTraining, generator), batch)) {
        const loss = model.step(windows, targets);
        steps++;
        words += targets.length;
        sum += loss * targets.length;
        if (!Number.isFinite(loss)) throw diverged(loss, steps, lr);
        const now = performance.now();
        if (now - rested > workMilliseconds) {
          await setImmediate(); // signals are heard only between two turns
          if (interruption.happened) return null;
          rested = now;
          progress.update(steps, { epoch, loss: sum / words, wordsPerSecond: words / ((now - begun) / 1000) });
        }
        if (steps === mostSteps) break;
      }
      const seconds = (performance.now() - begun) / 1000;
      let heldOutSum = 0;
      for (const { windows, targets } of batches(tokens, context, heldOut, batch)) {
        heldOutSum += model.measure(windows, targets);
      }
      const heldOutLoss = heldOut.length > 0 ? (heldOutSum / heldOut.length).toFixed(3) : "-";
      progress.clear();
      const columns = [`${epoch}/${epochs}`.padEnd(7), (sum / words).toFixed(3).padStart(7), heldOutLoss.padStart(9)];
      console.log(`${columns.join(" ")} ${thousands(words / seconds).padStart(9)}`);
    }
  } finally {
    progress.clear();
  }
  return steps;
}

function showNeighbors(model: LanguageModel, vocabulary: Vocabulary): void {
  const found = nearestNeighbors(model.tokens, vocabulary, 8, 5);
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

/** What a reader of the file needs to go on from it. The settings that shaped the bytes, and no other: see {@link train}. */
function metadataOf(settings: Settings, vocabulary: Vocabulary, steps: number): Record<string, string> {
  const { epochs, dim, context, batch, positions, lr, seed } = settings;
  const numbers = { formatVersion: 1, epochs, steps, dim, context, batch, lr, eps: adagradEps, seed };
  return {
    format: "nn-embedding language model",
    ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)])),
    optimizer: "Adagrad",
    positions,
    vocabulary: JSON.stringify(vocabulary),
  };
}

/** Takes the first Ctrl-C as a wish to end in good order; the next ends the process at once, as ever. */
function watchForInterruption(): { readonly happened: boolean; stop(): void } {
  let happened = false;
  const listen = (): void => {
    happened = true;
  };
  process.once("SIGINT", listen);
  return {
    get happened() {
      return happened;
    },
    stop: () => void process.off("SIGINT", listen),
  };
}

function diverged(loss: number, steps: number, lr: number): RangeError {
  return rangeError(
    "ERR_OUT_OF_RANGE",
    `loss is ${loss} after ${steps} steps, expected a number: --lr ${lr} is too high`,
  );
}
