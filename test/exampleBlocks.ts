import { filesUnder, read } from "./house/sources.js";

/** A piece of TypeScript that readers are shown. */
export interface Example {
  readonly name: string;
  readonly path: string;
  readonly code: string;
}

/** The examples in a file's JSDoc: what stands behind @example until the next tag or the end. */
function examplesOf(path: string): Example[] {
  const source = read(path);
  return [...source.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap((comment) =>
    [...comment[0].matchAll(/^[ \t]*\* @example[^\n]*\n([\s\S]*?)(?=^[ \t]*\* @\w|\*\/)/gm)].map((match) => {
      const line = source.slice(0, comment.index + match.index).split("\n").length;
      const lines = match[1].split("\n").filter((each) => !/^\s*\* ?```/.test(each));
      const code = lines.map((each) => each.replace(/^\s*\*? ?/, "")).join("\n");
      return { name: `${path}:${line}`, path, code };
    }),
  );
}

/** The examples of all docstrings. */
export const examples = filesUnder("src", ".ts").flatMap(examplesOf);

/** The code in README and the pages of src/docs. */
export const shown = ["README.md", ...filesUnder("src/docs", ".md")].flatMap((path) =>
  [...read(path).matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match): Example => {
    const line = read(path).slice(0, match.index).split("\n").length;
    return { name: `${path}:${line}`, path: "src/index.ts", code: match[1] };
  }),
);
