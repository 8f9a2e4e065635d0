/** What binding.gyp says about the addon: the one list of sources and flags, for node-gyp in a checkout and for `nn-embedding build`. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What of binding.gyp is read here. */
interface Settings {
  readonly variables?: Variables;
  readonly targets?: readonly Target[];
  readonly conditions?: readonly Condition[];
}

interface Variables {
  readonly flags?: readonly string[];
  readonly isas?: readonly string[];
  readonly conditions?: readonly (readonly [string, Variables])[];
}

interface Target {
  readonly target_name: string;
  readonly sources: readonly string[];
  readonly cflags_cc?: readonly string[];
  readonly defines?: readonly string[];
  readonly ldflags?: readonly string[];
  readonly conditions?: readonly (readonly [string, { readonly ldflags?: readonly string[] }])[];
}

type Condition = readonly [string, Settings];

/** How the addon is made for one architecture. Paths are relative to the root of the package. */
export interface Recipe {
  readonly sources: readonly { readonly path: string; readonly flags: readonly string[] }[];
  readonly linkFlags: readonly string[];
}

/** @param architecture as Node names it: "x64", "arm64". */
export function readRecipe(root: string, system: string, architecture: string): Recipe {
  const at = [join(root, "binding.gyp"), join(root, "dist/cli/addon/binding.gyp")].find(existsSync);
  if (at === undefined) throw new Error(`${root}: no binding.gyp, expected the list of the addon's sources there`);
  const settings = JSON.parse(readFileSync(at, "utf8").replace(/^\s*#.*$/gm, "")) as Settings;
  const holds = ([condition]: readonly [string, unknown]): boolean =>
    condition.split(" and ").every((part) => {
      const [, name, sign, value] = /^(\w+)(==|!=)'(\w+)'$/.exec(part)!;
      return ((name === "OS" ? system : architecture) === value) === (sign === "==");
    });
  const { flags = [], conditions = [] } = settings.variables ?? {};
  const isas = conditions.filter(holds).flatMap(([, { isas = [] }]) => isas);
  const targets = [
    ...(settings.targets ?? []),
    ...(settings.conditions ?? []).filter(holds).flatMap(([, { targets = [] }]) => targets),
  ];
  const wanted = targets.filter(({ target_name }) => target_name === "nn_embedding" || isas.includes(target_name));
  return {
    sources: wanted.flatMap(({ sources, cflags_cc = [], defines = [] }) =>
      sources.map((path) => ({ path, flags: [...flags, ...cflags_cc, ...defines.map((each) => `-D${each}`)] })),
    ),
    linkFlags: wanted.flatMap(({ ldflags = [], conditions = [] }) => [
      ...ldflags,
      ...conditions.filter(holds).flatMap(([, { ldflags = [] }]) => ldflags),
    ]),
  };
}
