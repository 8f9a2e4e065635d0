/** How far training is: a bar on a terminal, a plain line now and then in a log. */
import { SingleBar } from "cli-progress";

/** Time between two lines where there is no terminal. */
const lineMilliseconds = 10_000;

/** Time between two drawings of the bar. */
const drawMilliseconds = 100;

/** What is told beside the number of steps. */
export interface Standing {
  epoch: number;
  /** Mean loss of the epoch so far. */
  loss: number;
  /** Words learned from in a second, over the epoch so far. */
  wordsPerSecond: number;
}

/** Progress over a known number of steps. The clock is read for the eye alone: nothing that is saved depends on it. */
export class Progress {
  readonly #steps: number;
  readonly #epochs: number;
  readonly #stream: NodeJS.WriteStream;
  readonly #started = performance.now();
  readonly #first: number;
  #bar: SingleBar | null = null;
  #told = performance.now();

  /** @param first steps that were done before: they took no time of ours. */
  constructor(steps: number, epochs: number, first = 0, stream: NodeJS.WriteStream = process.stderr) {
    this.#first = first;
    this.#steps = steps;
    this.#epochs = epochs;
    this.#stream = stream;
  }

  /** Tells where training is, unless it was told a moment ago. */
  update(done: number, { epoch, loss, wordsPerSecond }: Standing): void {
    const now = performance.now();
    if (now - this.#told < (this.#stream.isTTY ? drawMilliseconds : lineMilliseconds)) return;
    this.#told = now;
    const payload = {
      epoch: `${epoch}/${this.#epochs}`,
      loss: loss.toFixed(2),
      speed: thousands(wordsPerSecond),
      left: duration(((now - this.#started) / (done - this.#first)) * (this.#steps - done)),
    };
    if (!this.#stream.isTTY) {
      const percent = Math.floor((100 * done) / this.#steps);
      this.#stream.write(
        `epoch ${payload.epoch}, ${percent} %, loss ${payload.loss}, ${payload.speed} words/s, ${payload.left} left\n`,
      );
      return;
    }
    if (this.#bar === null) {
      this.#bar = new SingleBar({
        stream: this.#stream,
        format: "epoch {epoch}  {bar} {percentage} %  loss {loss}  {speed} words/s  {left} left",
        barCompleteChar: "━",
        barIncompleteChar: "─",
        barsize: 20,
        hideCursor: true,
        clearOnComplete: true,
      });
      this.#bar.start(this.#steps, done, payload);
    } else this.#bar.update(done, payload);
  }

  /** Takes the bar away, for a line of text or for good; the next update draws it again. */
  clear(): void {
    this.#bar?.stop();
    this.#bar = null;
  }
}

/** 12,345 */
export function thousands(x: number): string {
  return Math.round(x).toLocaleString("en-US");
}

/** 8 s, 2 min 5 s, 1 h 3 min */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
