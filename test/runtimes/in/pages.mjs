/** The pages of src/docs: their blocks, each with the name of the file that it is. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../support.mjs";

/** Writes the named blocks of a page into a folder. Their names, and what the page says they give. */
export function writePageOf(page, folder) {
  const text = readFileSync(join(root, "src/docs", page), "utf8");
  const blocks = [...text.matchAll(/^```(\w+)(?: ([\w./]+))?\n([\s\S]*?)^```$/gm)];
  const named = blocks.filter(([, , name]) => name !== undefined);
  for (const [, , name, code] of named) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), code);
  }
  const [expected, ...more] = blocks.filter(([, kind]) => kind === "text").map(([, , , said]) => said.trim());
  if (blocks.length !== named.length + 1 || more.length > 0)
    throw new Error(`${page}: expected named blocks and one of text`);
  return { names: named.map(([, , name]) => name), expected };
}
