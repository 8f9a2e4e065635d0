import { pathToFileURL } from "node:url";
import { cac } from "cac";
import { describe, expect, test } from "vitest";
import { addBuild } from "../src/cli/addon/build.js";
import { addBench } from "../src/cli/bench/bench.js";
import { addDoctor } from "../src/cli/doctor/doctor.js";
import { addTrain } from "../src/cli/train/train.js";
import * as layers from "../src/index.js";
import * as optim from "../src/optim/index.js";
import { exists, filesUnder, read, root } from "./house/sources.js";

/** What README and the pages of src/docs show is so: code runs, commands exist, files are there. test/runtimes runs the pages where they belong. */
interface Block {
  readonly kind: string;
  readonly name: string | undefined;
  readonly code: string;
}

const pages = exists("src/docs") ? filesUnder("src/docs", ".md") : [];
const texts = ["README.md", ...pages];

function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```(\S*)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map(([, kind, name, code]) => ({
    kind,
    name,
    code,
  }));
}

describe("code", () => {
  test("README's blocks are ts, which test/examples runs, or sh, which is looked at here", () => {
    const kinds = blocksOf(read("README.md")).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind !== "ts" && kind !== "sh")).toEqual([]);
    expect(kinds).toContain("sh");
  });

  test("every page of a runtime gives what it says it gives; the others show ts and sh, as README does", async () => {
    for (const page of pages) {
      const blocks = blocksOf(read(page));
      if (blocks.every(({ kind }) => kind === "ts" || kind === "sh")) continue;
      const scripts = blocks.flatMap(scriptsOf);
      const [said] = blocks.filter(({ kind }) => kind === "text");
      expect(scripts.length, `${page} shows code`).toBeGreaterThan(0);
      for (const script of scripts) expect(await outputOf(script), page).toBe(said.code.trim());
    }
  });

  test("code that gives something else is seen", async () => {
    const code =
      'import { oneHot } from "nn-embedding";\n\nexport default { fetch: () => new Response(oneHot([1], 2)) };\n';
    expect(await outputOf(code.replace("oneHot([1], 2)", "oneHot([1], 2).join()"))).toBe("0,1");
    const page = '```html index.html\n<script type="module">\nthrow new Error("no");\n</script>\n```\n';
    await expect(outputOf(blocksOf(page).flatMap(scriptsOf)[0])).rejects.toThrow("no");
  });
});

/** The JavaScript in a block; a script that a page loads stands in a block of its own. */
function scriptsOf({ kind, code }: Block): string[] {
  if (kind === "js") return [code];
  return kind === "html"
    ? [...code.matchAll(/<script type="module">\n([\s\S]*?)<\/script>/g)].map(([, body]) => body)
    : [];
}

/** What a script prints, writes into the page's output element or answers to a request. */
async function outputOf(script: string): Promise<string> {
  const body = script
    .replace(/^ *import \{([^}]*)\} from ("[^"]+");/gm, "const {$1} = await load($2);")
    .replace(/\brequire\(/g, "await load(")
    .replace(/^export default /m, "exported.fetch = ")
    .replace(/^export function (\w+)/m, "exported.fetch = function $1")
    .replace(/^export const /gm, "const ");
  const printed: string[] = [];
  const output = { textContent: "" };
  const exported: { fetch?: { fetch(): Response } | (() => Response) } = {};
  const scope = {
    load: (specifier: string) => import(/* @vite-ignore */ pathToFileURL(root + sourceOf(specifier)).href),
    console: { log: (line: string) => printed.push(line) },
    document: { querySelector: (selector: string) => (selector === "output" ? output : null) },
    exported,
  };
  await new Function(...Object.keys(scope), `return (async () => {${body}})();`)(...Object.values(scope));
  const { fetch } = exported;
  if (fetch !== undefined) return (typeof fetch === "function" ? fetch() : fetch.fetch()).text();
  return printed.join("\n") || output.textContent;
}

function sourceOf(specifier: string): string {
  if (specifier.endsWith("/nn-embedding/dist/web.js")) return "src/web.ts";
  const stem = specifier.replace(/^nn-embedding\/?/, "src/").replace(/\/$/, "");
  return exists(`${stem}.ts`) ? `${stem}.ts` : `${stem}/index.ts`;
}

const cli = cac("nn-embedding");
for (const add of [addTrain, addBench, addDoctor, addBuild]) add(cli);
const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };

/** What is wrong with a command line as a text shows it, its comment included; undefined where it is right. */
function faultOf(line: string): string | undefined {
  const [, program, ...rest] = /^(npx nn-embedding|npm run|npm|node)\b *(\S*)(.*)$/.exec(line) ?? [];
  const [first = "", others = ""] = rest;
  if (program === undefined) return "no command that is known";
  if (program === "node") return exists(first) ? undefined : `${first} is not there`;
  if (program === "npm run") return first in scripts ? undefined : `package.json has no script ${first}`;
  if (program === "npm") return first === "install" || first === "ci" || first in scripts ? undefined : `npm ${first}`;
  const command = cli.commands.find(({ name }) => name === first);
  if (command === undefined) return `nn-embedding has no verb ${first}`;
  const known = command.options.map(({ rawName }) => /--[\w-]+/.exec(rawName)![0]);
  const unknown = (others.match(/--[\w-]+/g) ?? []).filter((flag) => !known.includes(flag));
  if (unknown.length > 0) return `${first} has no ${unknown.join(", ")}`;
  const [, listed] = /^ \[?([a-z-]+(?:\|[a-z-]+)+)\b/.exec(others) ?? [];
  const help = command.rawName + command.description + command.args.join();
  const strange = (listed?.split("|") ?? []).filter((word) => !help.includes(word));
  return strange.length > 0 ? `the help of ${first} does not name ${strange.join(", ")}` : undefined;
}

describe("commands", () => {
  const shown = texts.flatMap((path) => {
    const text = read(path);
    const lines = blocksOf(text).flatMap(({ kind, code }) => (kind === "sh" ? code.trim().split("\n") : []));
    const inline = text.match(/`(npx nn-embedding|npm run|node (src|test))\b[^`\n]*`/g) ?? [];
    return [...lines, ...inline.map((each) => each.slice(1, -1))].map((line) => ({ path, line }));
  });

  test("are shown", () => {
    expect(shown.length).toBeGreaterThan(10);
  });

  test.each(shown)("$path: $line", ({ line }) => {
    expect(faultOf(line)).toBeUndefined();
  });

  test("a verb, a flag, a script or a file that is not there is seen", () => {
    expect(faultOf("npx nn-embedding plot")).toBe("nn-embedding has no verb plot");
    expect(faultOf("npx nn-embedding train FILE  # --epochs --momentum")).toBe("train has no --momentum");
    expect(faultOf("npx nn-embedding bench [gather|sort]")).toBe("the help of bench does not name sort");
    expect(faultOf("npm run deploy")).toBe("package.json has no script deploy");
    expect(faultOf("node test/nothing.mjs")).toBe("test/nothing.mjs is not there");
    expect(faultOf("rm -rf /")).toBe("no command that is known");
  });
});

test("every link leads to a file, and to a heading where it names one", () => {
  for (const path of [...texts, "ARCHITECTURE.md", "CHANGELOG.md"]) {
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    const links = [...read(path).matchAll(/\]\((?!https?:)([^)\s#]*)#?([^)\s]*)\)/g)];
    const wrong = links.filter(([, to, heading]) => {
      const file = to === "" ? path : folder + to;
      return !exists(file) || (heading !== "" && !headingsOf(file).includes(heading));
    });
    expect(
      wrong.map(([link]) => link),
      path,
    ).toEqual([]);
  }
});

/** The headings of a page as GitHub's links name them. */
function headingsOf(path: string): string[] {
  const headings = [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading.toLowerCase());
  return headings.map((heading) => heading.replace(/[^\w\- ]/g, "").replaceAll(" ", "-"));
}

test("README's badges are drawn as src/docs/badges.mjs says, and the runtimes have the specification's digest", async () => {
  const { drawBadges } = (await import(/* @vite-ignore */ pathToFileURL(`${root}src/docs/badges.mjs`).href)) as {
    drawBadges(): [string, string][];
  };
  const shown = [...read("README.md").matchAll(/!\[[^\]]*\]\(src\/docs\/badges\/([^)]+)\)/g)].map(([, file]) => file);
  expect(shown.sort()).toEqual(
    drawBadges()
      .map(([file]) => file)
      .sort(),
  );
  for (const [file, text] of drawBadges()) expect(read(`src/docs/badges/${file}`), file).toBe(text);
  const digestsOf = (path: string) => [...read(path).matchAll(/\| ([0-9a-f]{16}) \|/g)].map(([, digest]) => digest);
  const digests = digestsOf("src/docs/runtimes.md");
  const { conform } = (await import(
    /* @vite-ignore */ pathToFileURL(`${root}test/runtimes/inside/conformance.js`).href
  )) as { conform(nn: object, backend: string): { digest: string; results: number } };
  const specification = conform({ ...layers, ...optim }, "js");
  const told = new Set([...digests, ...digestsOf("README.md")]);
  expect([...told], "node test/runtimes/run.mjs --markdown makes the tables anew").toEqual([specification.digest]);
  expect(read("README.md")).toContain(`computes ${specification.results.toLocaleString("en-US")} results`);
  expect(read("README.md")).toContain(`![one digest in ${digests.length} set-ups]`);
  expect(read("README.md")).toContain(`All ${digests.length} set-ups`);
});

describe("npm run docs", () => {
  test("covers every door of package.json", async () => {
    const { doors } = (await import(/* @vite-ignore */ pathToFileURL(`${root}src/docs.mjs`).href)) as {
      doors: Record<string, string>;
    };
    const { exports: exported, name } = JSON.parse(read("package.json")) as { exports: object; name: string };
    const public_ = Object.keys(exported).filter((door) => door !== "./package.json");
    expect(Object.keys(doors).sort()).toEqual(public_.map((door) => name + door.slice(1)).sort());
    for (const [door, source] of Object.entries(doors)) {
      expect(read(source), source).toContain(` * @module ${door}\n`);
      expect(sourceOf(door)).toBe(source);
    }
  });

  test("what it makes stays out of the package", () => {
    const { files } = JSON.parse(read("package.json")) as { files: string[] };
    expect(files).toContain("!dist/docs");
  });
});
