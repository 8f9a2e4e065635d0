import { checkWord } from "../../../check.js";
import { rangeError, show } from "../../../errors.js";
import { type Case, type CustomSizes, type Family, type FamilyName, familyNames } from "../case.js";
import { bags } from "./bags.js";
import { gather } from "./gather.js";
import { loss } from "./loss.js";
import { matmul } from "./matmul.js";
import { scatterAdd } from "./scatterAdd.js";
import { small } from "./small.js";
import { staging } from "./staging.js";
import { step } from "./step.js";
import { topK } from "./topK.js";

/** In the order in which they are run. */
export const families: readonly Family[] = [gather, bags, matmul, scatterAdd, step, loss, topK, small, staging];

/** All shapes that have a name. */
export const standardCases: readonly Case[] = families.flatMap(({ cases }) => cases);

/** The family of that name. */
export function familyOf(name: FamilyName): Family {
  return families.find((family) => family.name === name)!;
}

/**
 * Those of some cases whose names are told, with commas between them; all without any.
 *
 * @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE]
 */
export function casesNamed(names: unknown, known: readonly Case[]): Case[] {
  if (names === undefined) return [...known];
  const wanted = String(names).split(",");
  const all = known.map(({ name }) => name);
  for (const name of wanted) checkWord("--case", name, all);
  return known.filter(({ name }) => wanted.includes(name));
}

/** What the command line asks for. */
export interface Choice {
  /** A family; all without it. */
  readonly family?: unknown;
  /** Names of cases with commas between them: these and no others. */
  readonly names?: unknown;
  readonly sizes: CustomSizes;
}

/**
 * The cases to run: those of these names; or the standard ones of the family, or of all; with a size of one's own one custom case per family,
 * whose other sizes are those of its usual one.
 *
 * @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE]
 */
export function chooseCases({ family, names, sizes }: Choice): Case[] {
  if (family !== undefined) checkWord("what", family, familyNames);
  const chosen = families.filter(({ name }) => family === undefined || name === family);
  const isCustom = Object.values(sizes).some((size) => size !== undefined);
  if (isCustom && chosen.every(({ custom }) => custom === undefined)) {
    const able = families.filter(({ custom }) => custom !== undefined).map(({ name }) => name);
    throw rangeError(
      "ERR_OUT_OF_RANGE",
      `what is ${show(family)}, expected one with sizes of its own (${able.join(", ")}), or no --rows, --dim and --batch`,
    );
  }
  if (isCustom) return chosen.flatMap(({ custom }) => (custom === undefined ? [] : [custom(sizes)]));
  return casesNamed(
    names,
    chosen.flatMap(({ cases }) => cases),
  );
}
