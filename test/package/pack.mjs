/** The tarball that would be published from this checkout, made once for all who try it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** `npm pack`, scripts and all, into a folder; its path. NN_EMBEDDING_TARBALL names one that was packed before: CI does that. */
export function pack(folder) {
  const { NN_EMBEDDING_TARBALL: packed } = process.env;
  if (packed) return packed;
  const args = ["pack", "--json", "--pack-destination", folder];
  const options = { cwd: root, encoding: "utf8", shell: process.platform === "win32" };
  const { stdout, stderr, status } = spawnSync("npm", args, options);
  if (status !== 0) throw new Error(`npm pack ended with ${status}: ${stderr}`);
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf("["))); // what prepack prints comes first
  return join(folder, filename);
}

/** Vitest's setup for the files beside this one: they run at once, and two packs may both make dist anew. */
export function setup({ provide }) {
  const folder = mkdtempSync(join(tmpdir(), "nn-embedding-tarball-"));
  provide("tarball", pack(folder));
  return () => rmSync(folder, { recursive: true, force: true });
}
