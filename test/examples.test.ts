import { pathToFileURL } from "node:url";
import { transformWithOxc } from "vite";
import { describe, expect, test } from "vitest";
import { type Example, examples, shown } from "./exampleBlocks.js";
import { exists, resolveSource, root } from "./house/sources.js";

/**
 * Every `@example` in src runs, and every `expression; // => value` in it holds. The value is a literal: [6, 3], null, "text", 123n,
 * Float32Array [1, 2]; behind it may stand a comma and a word to the reader. What an example does not import it may take from its own file
 * and from the public names.
 */
type Names = Record<string, unknown>;

/** What an import in an example of the file `path` means: the package's own names lead into src. */
function load(specifier: string, path: string): Promise<Names> {
  if (specifier.startsWith("node:")) return import(/* @vite-ignore */ specifier);
  if (specifier.startsWith(".")) return loadFile(resolveSource(path, specifier));
  const inside = `src${specifier.slice("nn-embedding".length)}`;
  return loadFile(exists(`${inside}.ts`) ? `${inside}.ts` : `${inside}/index.ts`);
}

function loadFile(path: string): Promise<Names> {
  return import(/* @vite-ignore */ pathToFileURL(root + path).href);
}

/** The example as the body of an async function: imports awaited, `using` kept for disposal, claims turned into calls of `claim`. */
async function toBody(code: string): Promise<string> {
  const statements = code
    .replace(/^import \{([^}]*)\} from ("[^"]+");/gm, (_, names: string, from: string) => {
      const values = names.split(",").filter((name) => name.trim() !== "" && !name.trim().startsWith("type "));
      return `const {${values.join().replaceAll(" as ", ": ")}} = await load(${from});`;
    })
    .replace(/\busing (\w+) =/g, "const $1 = disposal.next =")
    .replace(/^([^\n;]*(?:\n[^\n;]+)*);? *\/\/ => (.*)$/gm, (_, expression: string, value: string) => {
      return `claim((${expression}), ${JSON.stringify(value)});`;
    });
  const wrapped = `async () => {${statements}\n}`;
  const { code: stripped } = await transformWithOxc(wrapped, "example.ts", { target: "es2022", sourcemap: false });
  return `return (${stripped.trim().replace(/;$/, "")})();`;
}

/** `Float32Array [1, 2], as ever` is Float32Array.of(1, 2). */
function literalOf(text: string): unknown {
  const code = text.replace(/\b(\w+Array)(?:\(\d+\))? ?\[([^\]]*)\]/g, "$1.of($2)");
  // The longest beginning that is an expression is the value; what follows its comma is for the reader.
  for (let end = code.length; end > 0; end = code.lastIndexOf(",", end - 1)) {
    try {
      return new Function(`"use strict"; return (${code.slice(0, end)});`)();
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  throw new Error(`"// => ${text}" is no literal`);
}

async function run({ path, code, name }: Example): Promise<number> {
  const opened: Disposable[] = [];
  const disposal = {
    set next(one: Disposable) {
      opened.push(one);
    },
  };
  let claims = 0;
  const claim = (actual: unknown, text: string) => {
    claims++;
    expect(actual, `${name}: ${text}`).toEqual(literalOf(text));
  };
  const names = { ...(await loadFile("src/index.ts")), ...(path.endsWith("/main.ts") ? {} : await loadFile(path)) };
  const scope = { ...names, load: (specifier: string) => load(specifier, path), disposal, claim };
  try {
    await new Function(...Object.keys(scope), await toBody(code))(...Object.values(scope));
  } finally {
    for (const one of opened.reverse()) one[Symbol.dispose]();
  }
  return claims;
}

test("src has examples", () => {
  expect(examples.length).toBeGreaterThan(30);
});

describe("examples", () => {
  test.each(examples)("$name", async (example) => {
    const told = example.code.split("// =>").length - 1;
    expect(await run(example), "claims that were run").toBe(told);
  });
});

describe("the code in README and the pages of src/docs runs as it stands", () => {
  test("README, layers.md and service.md have some", () => {
    const names = new Set(shown.map(({ name }) => name.split(":")[0]));
    expect([...names]).toEqual(["README.md", "src/docs/layers.md", "src/docs/service.md"]);
  });

  test.each(shown)("$name", async (example) => {
    expect(example.code, "Node 20 and 22 run it as it is").not.toMatch(/^ *(await )?using /m);
    const claims = example.code.split("// =>").length - 1;
    expect(claims).toBeGreaterThan(0);
    expect(await run(example)).toBe(claims);
  });
});

test("the runner sees a claim that does not hold", async () => {
  const wrong = {
    name: "wrong",
    path: "src/index.ts",
    code: 'import { oneHot } from "nn-embedding";\noneHot([0], 1); // => Float32Array [2]',
  };
  await expect(run(wrong)).rejects.toThrow("wrong: Float32Array [2]");
});
