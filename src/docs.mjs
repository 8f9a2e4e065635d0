/**
 * `npm run docs`: the reference of every public name, from the docstrings, into dist/docs. A name or member without a description, a link
 * that leads nowhere and whatever else typedoc warns of is an error. With `--json FILE` what typedoc read is written there instead.
 */
import { register } from "node:module";
import process from "node:process";

/** The package's doors, each by the file that is its source. */
export const doors = {
  "nn-embedding": "src/index.ts",
  "nn-embedding/optim": "src/optim/index.ts",
  "nn-embedding/checkpoint": "src/checkpoint/index.ts",
  "nn-embedding/checkpoint/file": "src/checkpoint/file.ts",
  "nn-embedding/web": "src/web.ts",
};

/** typedoc needs the compiler's JavaScript interface, which TypeScript 7 has not: it gets a TypeScript 6 of its own. */
const typeScript6 = `export async function resolve(specifier, context, next) {
  return next(specifier === "typescript" ? "typescript-6" : specifier, context);
}`;

const options = {
  name: "nn-embedding",
  entryPoints: Object.values(doors),
  tsconfig: "tsconfig.json",
  out: "dist/docs",
  readme: "none",
  markdownItLoader: (parser) => parser.linkify.set({ fuzzyLink: false }), // ARCHITECTURE.md is no host
  groupOrder: ["Classes", "Functions", "*"],
  intentionallyNotExported: ["dtypes"], // DtypeArrays says in words what it holds
  includeVersion: true,
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  githubPages: false,
  hideGenerator: true,
  validation: {
    notExported: true,
    invalidLink: true,
    invalidPath: true,
    rewrittenLink: true,
    notDocumented: true,
    unusedMergeModuleWith: true,
  },
};

if (process.argv[1]?.endsWith("docs.mjs")) process.exitCode = await main(process.argv.slice(2));

async function main(args) {
  register(`data:text/javascript,${encodeURIComponent(typeScript6)}`);
  const { Application, ReflectionKind, TSConfigReader } = await import("typedoc");
  const app = await Application.bootstrap(options, [new TSConfigReader()]);
  const project = await app.convert();
  if (project === undefined) return 1;
  app.validate(project);
  for (const fault of incomplete(project, ReflectionKind)) app.logger.warn(fault);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) return 1;
  if (args[0] === "--json") await app.generateJson(project, args[1]);
  else await app.generateDocs(project, options.out);
  return app.logger.hasErrors() || app.logger.hasWarnings() ? 1 : 0;
}

/** What typedoc does not ask for: every parameter has a description (`options` has its type's), every class and function an example. */
function* incomplete(project, { Parameter, Class, Function: function_ }) {
  for (const each of project.getReflectionsByKind(Parameter)) {
    if (each.name !== "options" && !each.hasComment()) yield `${each.getFullName()} has no @param`;
  }
  for (const each of project.getReflectionsByKind(Class | function_)) {
    const own = [each, ...(each.signatures ?? []), ...(each.children ?? []).flatMap((child) => child.signatures ?? [])];
    if (!own.some(({ comment }) => comment?.getTag("@example"))) yield `${each.getFullName()} has no @example`;
  }
}
