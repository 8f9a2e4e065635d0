import { maxRows } from "../../backend/backend.js";
import { checkWhole } from "../../check.js";
import { rangeError, show } from "../../errors.js";
import { checkWritable, flag } from "../commandLine.js";
import type { CustomSizes } from "./case.js";
import { countThreads } from "./machine.js";

/** What the command line gives, as it was written there. */
export interface BenchOptions {
  readonly backend?: unknown;
  readonly case?: unknown;
  readonly rows?: unknown;
  readonly dim?: unknown;
  readonly batch?: unknown;
  readonly quick?: boolean;
  readonly peers?: boolean;
  readonly peersFrom?: unknown;
  readonly limit?: boolean;
  readonly threads?: unknown;
  readonly save?: unknown;
  readonly compare?: unknown;
  readonly chart?: unknown;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

/** @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE] */
export function readSizes({ rows, dim, batch }: BenchOptions): CustomSizes {
  const size = (name: string, value: unknown): number | undefined => {
    if (value === undefined) return undefined;
    checkWhole(name, value, 1, maxRows);
    return value;
  };
  return { rows: size("--rows", rows), dim: size("--dim", dim), batch: size("--batch", batch) };
}

/**
 * How many threads ours, the peers and the limits are to use: 1 unless told otherwise.
 *
 * @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE]
 */
export function readThreads({ threads = 1 }: BenchOptions): number {
  checkWhole("--threads", threads, 1, countThreads());
  return threads;
}

/**
 * A file to write, in a folder that is there and with one of these endings: what a run of minutes ends with is refused before it begins.
 *
 * @throws RangeError [ERR_OUT_OF_RANGE]
 */
export async function readPath(name: string, value: unknown, endings: readonly string[]): Promise<string | undefined> {
  if (value === undefined) return undefined;
  const path = String(value);
  if (!endings.some((ending) => path.endsWith(ending))) {
    throw rangeError(
      "ERR_OUT_OF_RANGE",
      `${name} is ${show(path)}, expected a name that ends in ${endings.join(" or ")}`,
    );
  }
  await checkWritable(name, path);
  return path;
}

/**
 * Some ways of the bench, and some options, have no use for others: told is better than passed over.
 *
 * @throws RangeError [ERR_OUT_OF_RANGE]
 */
export function refuseOptions(what: string, options: BenchOptions, names: readonly (keyof BenchOptions)[]): void {
  for (const name of names) {
    const value = options[name];
    if (value === undefined || value === false) continue;
    throw rangeError("ERR_OUT_OF_RANGE", `${flag(name)} is ${show(value)}, expected none with ${what}`);
  }
}
