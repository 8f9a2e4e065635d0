/** `nn-embedding train --model skipgram | cbow`: a {@link Word2Vec} on its way through a text. */
import { rangeError } from "../../errors.js";
import { Generator } from "../../index.js";
import { Word2Vec } from "../../text/word2vec/word2vec.js";
import type { Interruption } from "./interruption.js";
import { Progress, thousands } from "./progress.js";
import { checkEntry, damaged, type ResumePoint, restoreTables } from "./resume.js";
import { checkMemory, type Settings } from "./settings.js";
import { Breaks, diverged, type Training } from "./training.js";
import { lineEndId, unknownId, type Vocabulary } from "./vocabulary.js";

/** How much of a batch's loss goes into the one that is shown between two epochs. */
const shownPart = 0.02;

export class WordVectorsTraining implements Training {
  readonly vocabulary: Vocabulary;
  readonly #settings: Settings;
  readonly #model: Word2Vec;
  /** Of the text without the words that are not trained. */
  readonly #numTokens: number;
  /** Of the epoch so far, for the eye: losses added up, and of how many batches. */
  #sum = 0;
  #batches = 0;

  constructor(settings: Settings, vocabulary: Vocabulary, tokens: Uint32Array, resume: ResumePoint | undefined) {
    const { model, dim, epochs, window, negatives, subsample, lr, seed, backend } = settings;
    this.vocabulary = vocabulary;
    this.#settings = settings;
    checkMemory(settings, vocabulary.size);
    const trained = tokens.filter((token) => token !== unknownId);
    this.#numTokens = trained.length;
    const counts = vocabulary.counts.slice();
    counts[unknownId] = 0;
    if (vocabulary.size - lineEndId - 1 < 2) {
      const expected = "expected at least two: take a longer text or a smaller --min-count";
      throw rangeError(
        "ERR_OUT_OF_RANGE",
        `text has ${vocabulary.size - lineEndId - 1} words that come up often enough, ${expected}`,
      );
    }
    this.#model = new Word2Vec({
      model: model as "skipgram" | "cbow",
      tokens: trained,
      counts,
      lineEnd: lineEndId,
      ...{ dim, epochs, window, negatives, subsample, lr, backend },
      generator: new Generator(seed),
    });
    if (resume !== undefined) this.#resume(resume);
  }

  get implementation(): string {
    return this.#model.implementation;
  }

  get description(): string {
    const { model, dim, window, negatives } = this.#settings;
    const what = model === "skipgram" ? "skip-gram: predicts from a word those" : "cbow: predicts a word from those";
    return `${what} up to ${window} around it, against ${negatives} others; dim ${dim}`;
  }

  get words() {
    return this.#model.input;
  }

  get ids(): Uint32Array {
    return Uint32Array.from({ length: this.vocabulary.size - lineEndId - 1 }, (_, i) => i + lineEndId + 1);
  }

  get tensors() {
    return { "input.weight": this.#model.input.weight, "output.weight": this.#model.output.weight };
  }

  get metadata(): Record<string, string> {
    const { model, epochs, dim, window, negatives, minCount, subsample, lr, seed } = this.#settings;
    const numbers = { formatVersion: 1, epochs, dim, window, negatives, minCount, subsample, lr, seed };
    return {
      format: "nn-embedding word vectors",
      model,
      ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)])),
      vocabulary: JSON.stringify(this.vocabulary),
    };
  }

  get finished(): boolean {
    return this.#model.finished;
  }

  get state(): unknown {
    return { ...this.#model.tuples.state, sum: this.#sum, batches: this.#batches };
  }

  async learn(interruption: Interruption): Promise<void> {
    const { epochs, lr } = this.#settings;
    const { tuples } = this.#model;
    const length = this.#numTokens;
    const done = (): number => tuples.epoch * length + tuples.position;
    const progress = new Progress(epochs * length, epochs, done());
    const breaks = new Breaks();
    let [epoch, start, begun] = [tuples.epoch, done(), performance.now()];
    let [shown, steps] = [Number.NaN, 0];
    try {
      console.log("epoch     loss   words/s");
      while (!this.#model.finished) {
        // Asked to stop, it goes on to the end of the sentence: there is little to remember between two.
        const { loss, tuples: learned } = this.#model.step(interruption.happened);
        if (learned > 0) {
          steps++;
          this.#sum += loss;
          this.#batches++;
          if (!Number.isFinite(loss)) throw diverged(loss, steps, lr);
          shown = Number.isNaN(shown) ? loss : shown + shownPart * (loss - shown);
        }
        const speed = (): number => (done() - start) / ((performance.now() - begun) / 1000);
        if (tuples.epoch > epoch) {
          progress.clear();
          const loss = this.#batches > 0 ? (this.#sum / this.#batches).toFixed(3) : "-";
          console.log(`${`${++epoch}/${epochs}`.padEnd(7)} ${loss.padStart(7)} ${thousands(speed()).padStart(9)}`);
          [start, begun, this.#sum, this.#batches] = [done(), performance.now(), 0, 0];
        }
        if (await breaks.rest()) progress.update(done(), { epoch: epoch + 1, loss: shown, wordsPerSecond: speed() });
        if (interruption.happened && tuples.betweenSentences) return;
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
    const { epoch, position, draws, sum, batches } = point.state as Record<string, unknown>;
    if (!Array.isArray(draws) || draws.length !== 4) throw damaged(path, "resume.state.draws", draws, "4 integers");
    const state = {
      epoch: checkEntry(path, "epoch", epoch, this.#settings.epochs),
      position: checkEntry(path, "position", position, this.#numTokens),
      draws: draws.map((word, i) => checkEntry(path, `draws[${i}]`, word, 2 ** 32 - 1)),
    };
    if (typeof sum !== "number") throw damaged(path, "resume.state.sum", sum, "a number");
    this.#batches = checkEntry(path, "batches", batches);
    this.#sum = sum;
    restoreTables(point, this.tensors);
    this.#model.tuples.state = state;
  }
}
