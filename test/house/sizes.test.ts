import { expect, test } from "vitest";
import * as modules from "../../src/backend/wasm/modules.js";
import { filesUnder, read } from "./sources.js";

test("the WASM modules together are smaller than 32 kB", () => {
  const bytes = Object.values(modules).map((base64) => Buffer.from(base64, "base64").length);
  expect(bytes.length).toBeGreaterThan(1);
  expect(bytes.reduce((sum, each) => sum + each)).toBeLessThan(32_000);
});

const sources = ["src", "native", "assembly"].flatMap((folder) => filesUnder(folder, ".ts", ".h", ".cpp", ".mjs"));

test("no source file is longer than 400 lines", () => {
  const lines = (path: string) => read(path).split("\n").length - 1;
  expect(sources.filter((path) => lines(path) > 400)).toEqual([]);
});

test("dependencies are those of the command line, peers of it are optional, and nothing is installed with a script", () => {
  const manifest = JSON.parse(read("package.json"));
  const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {}, scripts } = manifest;
  const used = filesUnder("src/cli", ".ts").map(read).join("\n");
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) expect(used).toContain(`"${name}"`);
  for (const name of Object.keys(peerDependencies)) expect(peerDependenciesMeta[name]).toEqual({ optional: true });
  expect(Object.keys(peerDependenciesMeta)).toEqual(Object.keys(peerDependencies));
  expect(manifest.optionalDependencies).toBeUndefined();
  for (const name of ["preinstall", "install", "postinstall"]) expect(scripts).not.toHaveProperty(name);
});
