import { expect, test } from "vitest";
import { read, resolveSource } from "./sources.js";

const doors = ["src/index.ts", "src/optim/index.ts", "src/checkpoint/index.ts", "src/checkpoint/file.ts"];

interface PublicName {
  readonly name: string;
  readonly path: string;
}

/** What a file exports: by a declaration, or from another file. */
function exportsOf(path: string): PublicName[] {
  const source = read(path);
  const declared = [
    ...source.matchAll(/^export (?:declare )?(?:abstract )?(?:async )?(?:const|function|class|interface|type) (\w+)/gm),
  ];
  const passedOn = [...source.matchAll(/^export (?:type )?\{([^}]*)\} from "([^"]+)";/gm)].flatMap(([, list, from]) =>
    list.split(",").map((each) => ({
      name: each
        .trim()
        .replace(/^type /, "")
        .split(" as ")[0],
      path: resolveSource(path, from),
    })),
  );
  return [...declared.map(([, name]) => ({ name, path })), ...passedOn.filter(({ name }) => name !== "")];
}

const names = doors.flatMap((door) => exportsOf(door));

test("doors export names", () => {
  expect(names.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["Embedding", "manualSeed", "SGD", "decodeSafetensors"]),
  );
});

test.each(names)("$name has a docstring", ({ name, path }) => {
  const kinds = "const|function|class|interface|type";
  const declaration = new RegExp(
    `/\\*\\*(?:(?!\\*/)[\\s\\S])*\\*/\\n(?:// .*\\n)?export (?:declare )?(?:abstract )?(?:async )?(?:${kinds}) ${name}\\b`,
  );
  expect(declaration.test(read(path)), `${path}: ${name}`).toBe(true);
});

test.each(doors)("%s says what it is", (door) => {
  expect(read(door)).toMatch(/^(\/\/\/ <reference .*\n)?\/\*\*/);
});
