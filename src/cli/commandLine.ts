/** What the verbs refuse alike of what a command line gave. */
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { rangeError, show, typeError } from "../errors.js";

/** An option as it is typed: minCount is --min-count. */
export function flag(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * Refuses options that are given twice and words behind --: one of them would be passed over.
 *
 * @throws TypeError [ERR_INVALID_ARG_TYPE]
 */
export function checkGiven(options: Readonly<Record<string, unknown>>): void {
  const { "--": behind, ...named } = options;
  if ((behind as unknown[] | undefined)?.length) {
    throw typeError("ERR_INVALID_ARG_TYPE", `-- is followed by ${show((behind as unknown[])[0])}, expected nothing`);
  }
  for (const [name, value] of Object.entries(named)) {
    if (!Array.isArray(value)) continue;
    throw typeError("ERR_INVALID_ARG_TYPE", `${flag(name)} is given ${value.length} times, expected once`);
  }
}

/**
 * Finds out before the work, not behind it, whether its result can be saved.
 *
 * @throws RangeError [ERR_OUT_OF_RANGE] there is no such folder, it may not be written to, or what would be replaced is a folder.
 */
export async function checkWritable(name: string, path: string): Promise<void> {
  const folder = dirname(resolve(path));
  const fault = await access(`${folder}/.`, constants.W_OK).catch((error: NodeJS.ErrnoException) => error);
  if (fault) {
    const why = fault.code === "ENOENT" ? "is not there" : `cannot be written to (${fault.code})`;
    const expected = "expected a path in a folder that can be written to";
    throw rangeError("ERR_OUT_OF_RANGE", `${name} is ${show(path)}, whose folder ${why}, ${expected}`);
  }
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.isFile()) return;
  throw rangeError(
    "ERR_OUT_OF_RANGE",
    `${name} is ${show(path)}, which is there and not a file, expected a file's path`,
  );
}
