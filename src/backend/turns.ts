/**
 * So many at a time, in the order of arrival. Whoever has several things to do, and asks for a turn for each, shares the time with the others.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Begins at once where there is a turn, else when enough of those before have settled, fulfilled or not. */
  async take<Result>(begin: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await begin();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next(); // the turn is handed over, so that nobody comes between
    }
  }
}
