import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Example, examples, shown } from "./exampleBlocks.js";
import { resolveSource, root } from "./house/sources.js";

/** What the package's names lead to: the types that the build made and npm publishes. */
const paths = {
  "nn-embedding": [`${root}dist/index.d.ts`],
  "nn-embedding/optim": [`${root}dist/optim/index.d.ts`],
  "nn-embedding/checkpoint": [`${root}dist/checkpoint/index.d.ts`],
  "nn-embedding/checkpoint/file": [`${root}dist/checkpoint/file.d.ts`],
};

/** As strict as a reader's project may be; what an example does not use is no mistake. */
const compilerOptions = {
  ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true },
  ...{ target: "ES2022", lib: ["ES2023", "ESNext.Disposable"], module: "ESNext", moduleResolution: "bundler" },
  ...{ types: ["node"], typeRoots: [`${root}node_modules/@types`], paths },
};

/** What the compiler says of all of them, each line under the example's name; "" when nothing. */
function compile(all: readonly Example[]): string {
  const folder = mkdtempSync(join(tmpdir(), "examples-"));
  try {
    const names = new Map(all.map(({ name }, i) => [`${i}.ts`, name]));
    mkdirSync(join(folder, "all"));
    all.forEach(({ code, path }, i) => {
      const inside = (_: string, specifier: string): string => {
        const made = resolveSource(path, specifier).replace(/\.ts$/, ".js");
        return `from ${JSON.stringify(`${root}dist/${made.slice("src/".length)}`)}`;
      };
      writeFileSync(join(folder, `all/${i}.ts`), `${code.replace(/from "(\.[^"]*)"/g, inside)}\nexport {};\n`);
    });
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["all"] }));
    const compiler = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
    const { stdout, stderr } = spawnSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8" });
    return (stdout + stderr).replace(
      /^\S*?(\d+\.ts)\((\d+),\d+\)/gm,
      (_, file, line) => `${names.get(file)} + ${line}`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("what readers are shown compiles under strict with the published types", { timeout: 120_000 }, () => {
  expect(compile([...examples, ...shown])).toBe("");
});

test("the compiler sees what does not", { timeout: 120_000 }, () => {
  const wrong = 'import { oneHot } from "nn-embedding";\noneHot("0", 1);';
  expect(compile([{ name: "wrong", path: "src/index.ts", code: wrong }])).toMatch(/^wrong \+ 2: error TS2345/);
});
