import { plainError } from "./errors.js";

/** How many calls whose promise has not settled yet use something. Until it has nobody may write to that thing or give its memory back. */
export class InFlight {
  readonly #name: string;
  #calls = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Throws Error [ERR_IN_USE] while there are any. */
  check(): void {
    if (this.#calls > 0) this.#refuse();
  }

  #refuse(): never {
    const [calls, them] = this.#calls === 1 ? ["1 call", "it"] : [`${this.#calls} calls`, "them"];
    throw plainError("ERR_IN_USE", `${this.#name} is in use by ${calls} in flight, expected none: await ${them} first`);
  }

  /** Begins something that uses all of these until its promise settles. */
  static async during<Result>(used: readonly InFlight[], begin: () => Promise<Result>): Promise<Result> {
    for (const each of used) each.#calls++;
    try {
      return await begin();
    } finally {
      for (const each of used) each.#calls--;
    }
  }
}
