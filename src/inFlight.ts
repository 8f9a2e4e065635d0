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

  /** A call begins that uses this. */
  enter(): void {
    this.#calls++;
  }

  /** Such a call has settled. */
  leave(): void {
    this.#calls--;
  }

  /** Begins something that uses all of these until its promise settles. Some may be another copy's, whose private fields are not ours. */
  static async during<Result>(used: readonly InFlight[], begin: () => Promise<Result>): Promise<Result> {
    const entered: InFlight[] = [];
    try {
      for (const each of used) {
        each.enter();
        entered.push(each);
      }
      return await begin();
    } finally {
      for (const each of entered) each.leave();
    }
  }
}
