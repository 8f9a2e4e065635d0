import { describe, expect, test } from "vitest";
import { read, withoutComments } from "./sources.js";

/**
 * One name in three languages: a kernel is src/backend/js/<kernel>.ts (the specification), assembly/<kernel>.ts and
 * native/kernels/<kernel>.h, each with one function of that name and the parameters of the contract in its order.
 */
const contract = ["kernels", "word2vecKernels"].map((file) => withoutComments(read(`src/backend/${file}.ts`)));
const kernelsInterface = contract
  .flatMap((source) => source.match(/^export interface \w*Kernels .*?^}/gms)!)
  .join("\n");
const kernels = [...kernelsInterface.matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name);

/** The parameter lists that stand behind `opening` in a source, as names. */
function parameterLists(source: string, opening: RegExp): string[][] {
  return [...withoutComments(source).matchAll(opening)].map((match) => {
    const list = match.input.slice(match.index + match[0].length).split(")")[0];
    return list
      .split(",")
      .filter((parameter) => parameter.trim() !== "")
      .map((parameter) => (parameter.includes(":") ? parameter.split(":")[0] : parameter).match(/(\w+)\s*$/)![1]);
  });
}

const inTypeScript = (kernel: string) => new RegExp(`\\bfunction ${kernel}\\(`, "g");
const inCpp = (kernel: string) => new RegExp(`^(?:usize|void) ${kernel}\\(`, "gm");

test("the contract names kernels", () => {
  expect(kernels).toEqual(expect.arrayContaining(["gather", "scatterAdd", "matmulNN", "matmulNT", "matmulTN"]));
});

describe.each(kernels)("%s", (kernel) => {
  const [promised] = parameterLists(kernelsInterface, new RegExp(`^ {2}${kernel}\\(`, "gm"));

  test.each([
    ["src/backend/js", `src/backend/js/${kernel}.ts`, inTypeScript(kernel)],
    ["assembly", `assembly/${kernel}.ts`, inTypeScript(kernel)],
    ["native/kernels", `native/kernels/${kernel}.h`, inCpp(kernel)],
    ["the table of signatures", "native/kernels.h", new RegExp(`\\(\\*${kernel}\\)\\(`, "g")],
  ])("%s has it once, with the parameters of the contract in its order", (_, path, opening) => {
    expect(parameterLists(read(path), opening)).toEqual([promised]);
  });

  test("every instruction set and the WASM module carry it", () => {
    expect(read("assembly/index.ts")).toContain(`export { ${kernel} } from "./${kernel}";`);
    expect(read("native/isa/bodies.h")).toContain(`#include "../kernels/${kernel}.h"`);
    expect(read("native/isa/bodies.h")).toContain(`.${kernel} = ${kernel},`);
  });
});
