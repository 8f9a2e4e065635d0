import { existsSync, readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository, with a slash at its end. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

export function read(path: string): string {
  return readFileSync(root + path, "utf8");
}

export function exists(path: string): boolean {
  return existsSync(root + path);
}

/** The files under a folder whose names end so, as paths from the root. Made and installed ones are left out. */
export function filesUnder(folder: string, ...endings: string[]): string[] {
  return readdirSync(root + folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => posix.join(entry.parentPath.replaceAll("\\", "/").slice(root.length), entry.name))
    .filter((path) => !path.includes("node_modules/") && path !== "src/backend/wasm/modules.ts")
    .sort();
}

/** A source without its comments; what looks like one inside a string is left alone. */
export function withoutComments(source: string): string {
  return source.replace(
    /("(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|\/\/.*/g,
    (_, text: string) => text ?? "",
  );
}

/** What a TypeScript file imports or re-exports from, as it is written there, types and dynamic imports as well. */
export function importsOf(path: string): string[] {
  const code = withoutComments(read(path));
  const static_ = code.matchAll(/^(?:import|export)\b(?:[^;"]*?\bfrom)?\s*"([^"]+)"/gm);
  const dynamic = code.matchAll(/\b(?:import|require)\(\s*"([^"]+)"/g);
  return [...new Set([...static_, ...dynamic].map(([, from]) => from))];
}

/** The source that a relative import leads to. */
export function resolveSource(from: string, specifier: string): string {
  const path = posix.join(posix.dirname(from), specifier);
  return path.replace(/\.js$/, ".ts").replace(/\.cjs$/, ".cts");
}
