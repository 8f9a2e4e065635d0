/** What `nn-embedding train` needs of a model, whichever it is. */
import { setImmediate } from "node:timers/promises";
import type { TensorSource } from "../../checkpoint/index.js";
import { rangeError } from "../../errors.js";
import type { Embedding } from "../../index.js";
import type { Interruption } from "./interruption.js";
import type { Vocabulary } from "./vocabulary.js";

/** Milliseconds of work after which the process looks up, for Ctrl-C. */
const workMilliseconds = 50;

/** A model on its way through a text. */
export interface Training extends Disposable {
  readonly vocabulary: Vocabulary;
  /** "native:avx2": what computes. */
  readonly implementation: string;
  /** The model in a line of words. */
  readonly description: string;
  /** The table whose rows are the vocabulary's words. */
  readonly words: Embedding;
  /** The ids whose rows mean something, the most frequent word first. */
  readonly ids: Uint32Array;
  /** The tables by their names in a checkpoint, to be saved as they are. */
  readonly tensors: Readonly<Record<string, TensorSource>>;
  /** What a reader of the file needs to know: what shaped the bytes, and nothing else. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Whether nothing is left to do. */
  readonly finished: boolean;
  /** What to go on from, beside the tables: any JSON with typed arrays in it. */
  readonly state: unknown;
  /** Trains until all is done, or told to stop: then as soon as there is a state to go on from. A line an epoch. */
  learn(interruption: Interruption): Promise<void>;
}

/** Gives way now and then, for signals are heard only between two turns. */
export class Breaks {
  #rested = performance.now();

  /** True where it gave way: time to tell how far things are. */
  async rest(): Promise<boolean> {
    if (performance.now() - this.#rested <= workMilliseconds) return false;
    await setImmediate();
    this.#rested = performance.now();
    return true;
  }
}

/** The error for a loss that is no number. */
export function diverged(loss: number, steps: number, lr: number): RangeError {
  return rangeError(
    "ERR_OUT_OF_RANGE",
    `loss is ${loss} after ${steps} steps, expected a number: --lr ${lr} is too high`,
  );
}
