import { describe, expect, test } from "vitest";
import { exists, filesUnder, importsOf, read, resolveSource } from "./sources.js";

/**
 * Who may import whom. The first rule whose `of` fits a file is its rule; a file that none fits needs one. A file may import only
 * from entries above it.
 */
interface Rule {
  /** Paths under src/: a file, or a folder with a slash at its end. */
  readonly of: readonly string[];
  /** What they may import of src/, beside files of their own entry. */
  readonly may: readonly string[];
  /** Whether they may import node:*. */
  readonly node?: true;
  /** Whether they may import the package's run-time dependencies. */
  readonly packages?: true;
}

const training = ["layers/", "parameter.ts", "gradient.ts", "indices.ts", "random/", "check.ts", "errors.ts"];
const publicNames = ["index.ts", "optim/index.ts", "checkpoint/index.ts", "checkpoint/file.ts"];

const rules: readonly Rule[] = [
  {
    of: [
      "errors.ts",
      "inspect.ts",
      "backend/word2vecKernels.ts",
      "backend/environment.ts",
      "backend/turns.ts",
      "coalesce.ts",
      "trainable.ts",
      "elementary.ts",
    ],
    may: [],
  },
  { of: ["backend/kernels.ts"], may: ["backend/word2vecKernels.ts"] },
  { of: ["backend/calls.ts"], may: ["backend/kernels.ts"] },
  { of: ["backend/backend.ts"], may: ["backend/calls.ts", "backend/kernels.ts"] },
  { of: ["check.ts"], may: ["errors.ts"] },
  { of: ["random/"], may: ["check.ts", "elementary.ts", "errors.ts"] },
  { of: ["norm.ts"], may: ["elementary.ts", "errors.ts"] },
  { of: ["results.ts"], may: ["errors.ts"] },
  { of: ["floatTensor.ts"], may: ["check.ts", "errors.ts"] },
  { of: ["indices.ts"], may: ["check.ts", "errors.ts"] },
  { of: ["backend/arrayBufferBlock.ts"], may: ["backend/backend.ts", "errors.ts"] },
  { of: ["backend/js/", "backend/absent.ts"], may: ["backend/arrayBufferBlock.ts", "backend/backend.ts", "errors.ts"] },
  { of: ["backend/loadAddon.ts"], may: [], node: true },
  {
    of: ["backend/native.ts"],
    may: [
      "backend/loadAddon.ts",
      "backend/turns.ts",
      "backend/arrayBufferBlock.ts",
      "backend/backend.ts",
      "backend/calls.ts",
      "backend/environment.ts",
      "errors.ts",
    ],
    node: true,
  },
  {
    of: ["backend/wasm/"],
    may: ["#wasm", "backend/js/", "backend/arrayBufferBlock.ts", "backend/backend.ts", "errors.ts"],
  },
  // A family names its kernels' bodies, in plain TypeScript and around a module; a backend is given it, and knows none.
  {
    of: ["backend/families/"],
    may: ["backend/js/", "backend/wasm/", "backend/backend.ts"],
  },
  {
    of: ["backend/threads.ts"],
    may: ["#native", "backend/backend.ts", "backend/environment.ts", "check.ts", "errors.ts"],
  },
  {
    of: ["backend/select.ts"],
    may: [
      "#native",
      "backend/wasm/wasm.ts",
      "backend/js/js.ts",
      "backend/backend.ts",
      "backend/environment.ts",
      "backend/threads.ts",
      "errors.ts",
    ],
  },
  { of: ["frequency.ts"], may: ["random/"] },
  { of: ["gradient.ts"], may: ["results.ts", "backend/backend.ts", "errors.ts"] },
  { of: ["inFlight.ts"], may: ["errors.ts"] },
  { of: ["work.ts"], may: ["backend/select.ts", "backend/backend.ts", "backend/calls.ts"] },
  { of: ["allocate.ts"], may: ["backend/backend.ts", "errors.ts"] },
  {
    of: ["parameter.ts"],
    may: [
      "allocate.ts",
      "inFlight.ts",
      "inspect.ts",
      "gradient.ts",
      "coalesce.ts",
      "frequency.ts",
      "trainable.ts",
      "backend/select.ts",
      "backend/backend.ts",
      "backend/families/",
      "backend/js/",
      "errors.ts",
    ],
  },
  {
    of: ["layers/"],
    may: [
      "allocate.ts",
      "inFlight.ts",
      "inspect.ts",
      "work.ts",
      "backend/calls.ts",
      "parameter.ts",
      "coalesce.ts",
      "backend/js/firstOutside.ts",
      "gradient.ts",
      "floatTensor.ts",
      "indices.ts",
      "random/",
      "check.ts",
      "results.ts",
      "errors.ts",
      "backend/select.ts",
      "backend/backend.ts",
      "backend/families/",
      "backend/js/exponential.ts",
      "elementary.ts",
      "norm.ts",
    ],
  },
  {
    of: ["optim/"],
    may: [
      ...training,
      "allocate.ts",
      "inspect.ts",
      "norm.ts",
      "results.ts",
      "backend/select.ts",
      "backend/backend.ts",
      "backend/families/steps.ts",
    ],
  },
  { of: ["checkpoint/file.ts"], may: ["checkpoint/", ...training], node: true },
  { of: ["checkpoint/"], may: training },
  // Tuples are drawn, and stepped through, by the kernels of the backend that holds the tables.
  {
    of: ["text/word2vec/"],
    may: [
      ...training,
      "allocate.ts",
      "backend/backend.ts",
      "backend/families/word2vec.ts",
      "backend/js/firstOutside.ts",
      "backend/js/sfc32.ts",
    ],
  },
  { of: ["index.ts"], may: [...training, "floatTensor.ts", "backend/select.ts", "backend/threads.ts"] },
  { of: ["web.ts"], may: ["index.ts", "optim/index.ts", "checkpoint/index.ts"] },
  { of: ["cli/commandLine.ts"], may: ["errors.ts"], node: true },
  // The bench times the kernels themselves and checks their bits against the specification first; so does the doctor. What the machine can
  // do at best only the addon can measure.
  {
    of: ["cli/bench/", "cli/doctor/", "cli/floats.ts", "cli/kernels.ts"],
    may: [
      "#native",
      "index.ts",
      "cli/commandLine.ts",
      "cli/floats.ts",
      "cli/kernels.ts",
      ...training,
      "backend/environment.ts",
      "backend/select.ts",
      "backend/threads.ts",
      "backend/backend.ts",
      "backend/calls.ts",
      "backend/families/",
      "backend/wasm/modules.ts",
    ],
    node: true,
    packages: true,
  },
  // The page shows what a user of the package can do, so it may use no more.
  { of: ["demo/"], may: publicNames },
  { of: ["cli/"], may: [...publicNames, "text/word2vec/", "check.ts", "errors.ts"], node: true, packages: true },
];

const sources = filesUnder("src", ".ts").map((path) => path.slice("src/".length));
const fits = (path: string, entry: string) => (entry.endsWith("/") ? path.startsWith(entry) : path === entry);
const graph = new Map(
  sources.map((path) => {
    const specifiers = importsOf(`src/${path}`);
    const inside = specifiers.filter((each) => each.startsWith("."));
    return [path, { specifiers, inside: inside.map((each) => resolveSource(path, each)) }];
  }),
);
const dependencies = Object.keys(JSON.parse(read("package.json")).dependencies ?? {});

/** What a public name is from inside the package. */
const publicPath = (specifier: string) =>
  specifier === "nn-embedding" ? "index.ts" : `${specifier.slice("nn-embedding/".length)}/index.ts`;

describe.each(sources)("src/%s", (path) => {
  const rule = rules.find(({ of }) => of.some((entry) => fits(path, entry)));
  const { specifiers, inside } = graph.get(path)!;

  test("imports only what its rule allows", () => {
    if (rule === undefined) throw new Error(`src/${path} has no rule: say in this test who may import whom`);
    const own = rule.of.find((entry) => fits(path, entry))!;
    const mayUse = (to: string) => fits(to, own) || rule.may.some((entry) => fits(to, entry));
    const wrong = specifiers.filter((each) => {
      if (each.startsWith(".")) return !mayUse(resolveSource(path, each));
      if (each.startsWith("node:")) return !rule.node;
      if (each.startsWith("#")) return !rule.may.includes(each);
      if (each.startsWith("nn-embedding")) return !mayUse(publicPath(each));
      return !rule.packages || !dependencies.some((name) => each === name || each.startsWith(`${name}/`));
    });
    expect(wrong).toEqual([]);
  });

  test("imports files that exist", () => {
    const made = ["backend/wasm/modules.ts"]; // by assembly/build.mjs
    expect(inside.filter((to) => !exists(`src/${to}`) && !made.includes(to) && !/\.wasm(\?module)?$/.test(to))).toEqual(
      [],
    );
  });

  test("reaches no file that reaches it", () => {
    const seen = new Set<string>();
    const way: string[] = [];
    const visit = (at: string): boolean => {
      for (const to of graph.get(at)?.inside ?? []) {
        if (to === path) return way.push(to) > 0;
        if (seen.has(to)) continue;
        seen.add(to);
        if (visit(to)) return way.push(to) > 0;
      }
      return false;
    };
    visit(path);
    expect([...way].reverse()).toEqual([]);
  });
});

test("no file is a default export", () => {
  expect(sources.filter((path) => /^export default\b/m.test(read(`src/${path}`)))).toEqual([]);
});
