/** `nn-embedding train --model lm`: a {@link LanguageModel} on its way through a text. */
import { Generator } from "../../index.js";
import type { OptimizerState } from "../../optim/index.js";
import { batches, randomOrder, type Split, splitExamples } from "./batches.js";
import type { Interruption } from "./interruption.js";
import { adagradEps, LanguageModel } from "./languageModel.js";
import { Progress, thousands } from "./progress.js";
import { checkEntry, damaged, type ResumePoint, restoreTables } from "./resume.js";
import { checkMemory, type Settings } from "./settings.js";
import { Breaks, diverged, type Training } from "./training.js";
import type { Vocabulary } from "./vocabulary.js";

/** Where training is: in epoch `epoch` (from 1), behind `batches` of its batches. */
interface Place {
  epoch: number;
  batches: number;
  steps: number;
  /** Of the epoch so far: losses added up, and of how many words. */
  sum: number;
  words: number;
}

export class LanguageModelTraining implements Training {
  readonly vocabulary: Vocabulary;
  readonly #settings: Settings;
  readonly #tokens: Uint32Array;
  readonly #split: Split;
  readonly #generator: Generator;
  readonly #model: LanguageModel;
  readonly #mostSteps: number;
  #place: Place = { epoch: 1, batches: 0, steps: 0, sum: 0, words: 0 };
  /** The generator when the epoch began: its order can be drawn again. */
  #begun: Uint8Array;

  constructor(settings: Settings, vocabulary: Vocabulary, tokens: Uint32Array, resume: ResumePoint | undefined) {
    const { context, dim, batch, positions, lr, seed, backend, epochs } = settings;
    this.vocabulary = vocabulary;
    this.#settings = settings;
    this.#tokens = tokens;
    this.#split = splitExamples(tokens.length, context);
    checkMemory(settings, vocabulary.size);
    this.#mostSteps = epochs * Math.ceil(this.#split.numTraining / batch);
    this.#generator = new Generator(seed);
    const options = { numTokens: vocabulary.size, dim, context, positions, lr, generator: this.#generator, backend };
    this.#model = new LanguageModel(options);
    this.#begun = this.#generator.getState();
    if (resume !== undefined) this.#resume(resume);
  }

  get implementation(): string {
    return this.#model.implementation;
  }

  get description(): string {
    const { context, dim, positions } = this.#settings;
    const numFloats = Object.values(this.tensors).reduce((sum, { data }) => sum + data.length, 0);
    const from = context === 1 ? "the one" : `the ${context}`;
    return `predicts a word from ${from} before; dim ${dim}, positions ${positions}, ${thousands(numFloats)} floats`;
  }

  get words() {
    return this.#model.tokens;
  }

  get ids(): Uint32Array {
    return Uint32Array.from({ length: this.vocabulary.size }, (_, id) => id);
  }

  get tensors() {
    return this.#model.tensors;
  }

  get metadata(): Record<string, string> {
    const { epochs, dim, context, batch, positions, lr, seed } = this.#settings;
    const numbers = {
      formatVersion: 1,
      epochs,
      steps: this.#place.steps,
      dim,
      context,
      batch,
      lr,
      eps: adagradEps,
      seed,
    };
    return {
      format: "nn-embedding language model",
      ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)])),
      optimizer: "Adagrad",
      positions,
      vocabulary: JSON.stringify(this.vocabulary),
    };
  }

  get finished(): boolean {
    return this.#place.steps === this.#mostSteps;
  }

  get state(): unknown {
    return { ...this.#place, generator: this.#begun, optimizer: this.#model.optimizer.stateDict() };
  }

  async learn(interruption: Interruption): Promise<void> {
    const { context, batch, epochs, lr, steps = Number.POSITIVE_INFINITY } = this.#settings;
    const { numTraining, numExamples } = this.#split;
    const mostSteps = Math.min(this.#mostSteps, steps);
    const place = this.#place;
    const progress = new Progress(mostSteps, epochs, place.steps);
    const breaks = new Breaks();
    const heldOut = Uint32Array.from({ length: numExamples - numTraining }, (_, i) => numTraining + i);
    try {
      console.log("epoch     loss  held-out   words/s");
      while (place.steps < mostSteps) {
        const order = randomOrder(numTraining, this.#generator).subarray(place.batches * batch);
        const begun = performance.now();
        const before = place.words;
        const speed = (): number => (place.words - before) / ((performance.now() - begun) / 1000);
        for (const { windows, targets } of batches(this.#tokens, context, order, batch)) {
          const loss = this.#model.step(windows, targets);
          place.steps++;
          place.batches++;
          place.words += targets.length;
          place.sum += loss * targets.length;
          if (!Number.isFinite(loss)) throw diverged(loss, place.steps, lr);
          if (await breaks.rest()) {
            progress.update(place.steps, {
              epoch: place.epoch,
              loss: place.sum / place.words,
              wordsPerSecond: speed(),
            });
          }
          if (place.steps === mostSteps) break;
          if (interruption.happened) return;
        }
        const wordsPerSecond = speed();
        let heldOutSum = 0;
        for (const { windows, targets } of batches(this.#tokens, context, heldOut, batch)) {
          heldOutSum += this.#model.measure(windows, targets);
        }
        const heldOutLoss = heldOut.length > 0 ? (heldOutSum / heldOut.length).toFixed(3) : "-";
        progress.clear();
        const row = [(place.sum / place.words).toFixed(3).padStart(7), heldOutLoss.padStart(9)];
        console.log(
          `${`${place.epoch}/${epochs}`.padEnd(7)} ${row.join(" ")} ${thousands(wordsPerSecond).padStart(9)}`,
        );
        if (place.steps === mostSteps) return; // in the middle of an epoch, perhaps
        Object.assign(place, { epoch: place.epoch + 1, batches: 0, sum: 0, words: 0 });
        this.#begun = this.#generator.getState();
      }
    } finally {
      progress.clear();
    }
  }

  [Symbol.dispose](): void {
    this.#model.dispose();
  }

  #resume(point: ResumePoint): void {
    const { path } = point;
    const state = point.state as Place & { generator: Uint8Array; optimizer: OptimizerState };
    const perEpoch = Math.ceil(this.#split.numTraining / this.#settings.batch);
    const epoch = checkEntry(path, "epoch", state.epoch, this.#settings.epochs);
    const batches = checkEntry(path, "batches", state.batches, perEpoch);
    const steps = checkEntry(path, "steps", state.steps, this.#mostSteps);
    if (steps !== (epoch - 1) * perEpoch + batches) {
      throw damaged(path, "resume.state.steps", steps, `${(epoch - 1) * perEpoch + batches}`);
    }
    const words = checkEntry(path, "words", state.words);
    if (typeof state.sum !== "number") throw damaged(path, "resume.state.sum", state.sum, "a number");
    try {
      this.#generator.setState(state.generator);
      this.#model.optimizer.loadStateDict(state.optimizer);
    } catch (error) {
      throw damaged(path, "resume.state", state, `one that fits: ${(error as Error).message}`);
    }
    restoreTables(point, this.tensors);
    this.#begun = this.#generator.getState();
    this.#place = { epoch, batches, steps, sum: state.sum, words };
  }
}
