/**
 * What tsc does not make in dist/: for `require` in engines that cannot require ES modules, one .cjs for each door and the types beside
 * them; dist/web.js, one file that a browser loads as it is. All of them run on WebAssembly: an addon needs a path of its own.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The doors that can be required. */
const doors = ["index", "optim/index", "checkpoint/index", "checkpoint/file"];

const importedFrom = /(?:from |import\()"(\.[^"]*)\.js"/g;

export async function bundle() {
  let esbuild;
  try {
    esbuild = await import("esbuild");
  } catch (error) {
    return `no dist/*.cjs and dist/web.js: esbuild does not load (${String(error.message).split("\n", 1)}); npm ci installs it`;
  }
  const shared = { bundle: true, conditions: ["browser"], target: "es2022", logLevel: "warning", charset: "utf8" };
  await Promise.all([
    ...doors.map((door) =>
      esbuild.build({
        ...shared,
        entryPoints: [`dist/${door}.js`],
        outfile: `dist/${door}.cjs`,
        format: "cjs",
        platform: "neutral",
        external: ["node:*"],
      }),
    ),
    esbuild.build({
      ...shared,
      entryPoints: ["dist/web.js"],
      outfile: "dist/web.js",
      allowOverwrite: true,
      format: "esm",
      platform: "browser",
      minify: true,
      keepNames: true, // errors tell of classes by name
    }),
  ]);
  writeCommonTypes();
  return undefined;
}

/** A .d.cts beside each .d.ts that a door leads to: the same text, which imports its like. */
function writeCommonTypes() {
  const found = new Set(doors.map((door) => `dist/${door}.d.ts`));
  for (const path of found) {
    const text = readFileSync(path, "utf8");
    for (const [, name] of text.matchAll(importedFrom)) found.add(join(dirname(path), `${name}.d.ts`));
    writeFileSync(
      path.replace(/\.ts$/, ".cts"),
      text.replaceAll(importedFrom, (whole) => whole.replace(/js"$/, 'cjs"')),
    );
  }
}
