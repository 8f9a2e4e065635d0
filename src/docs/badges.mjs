/**
 * README's badges: `node src/docs/badges.mjs` draws them into src/docs/badges. Each says what a test proves, and README leads from it to
 * that test; test/documentation.test.ts sees to it that what is drawn, what is said here and the table of runtimes agree.
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { makeBadge } from "badge-maker";

const badges = {
  bits: { label: "same bits", message: "native, WASM, TypeScript" },
  torch: { label: "PyTorch", message: "its own numbers" },
  runtimes: { label: "one digest", message: `${runtimes().length} set-ups` },
  installers: { label: "install", message: "no compiler, no script" },
  sanitizers: { label: "sanitizers", message: "thread, address" },
  size: { label: "at the edge", message: "< 40 kB gzipped" },
};

/** The rows of the table of runtimes: those that a digest stands in. */
function runtimes() {
  const page = readFileSync(new URL("runtimes.md", import.meta.url), "utf8");
  return page.split("\n").filter((line) => /\| [0-9a-f]{16} \|/.test(line));
}

/** File name and text of every badge. */
export function drawBadges() {
  const style = { color: "blue", labelColor: "#333" };
  return Object.entries(badges).map(([name, badge]) => [`${name}.svg`, `${makeBadge({ ...badge, ...style })}\n`]);
}

if (process.argv[1]?.endsWith("badges.mjs")) {
  for (const [name, text] of drawBadges()) writeFileSync(new URL(`badges/${name}`, import.meta.url), text);
}
