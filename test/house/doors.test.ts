import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { exists, filesUnder, read, root, withoutComments } from "./sources.js";

type Target = string | { readonly [condition: string]: Target };

const manifest = JSON.parse(read("package.json")) as {
  exports: Record<string, Target>;
  imports: Record<string, Target>;
  bin: Record<string, string>;
  main: string;
  types: string;
};

/** Node's PACKAGE_TARGET_RESOLVE: the first condition in the order of the file that holds, or "default". */
function resolve(target: Target, conditions: readonly string[]): string | undefined {
  if (typeof target === "string") return target;
  for (const [condition, inner] of Object.entries(target)) {
    if (condition !== "default" && !conditions.includes(condition)) continue;
    const found = resolve(inner, conditions);
    if (found !== undefined) return found;
  }
  return undefined;
}

function targets(target: Target): string[] {
  return typeof target === "string" ? [target] : Object.values(target).flatMap(targets);
}

function conditionSets(target: Target): string[][] {
  return typeof target === "string" ? [] : [Object.keys(target), ...Object.values(target).flatMap(conditionSets)];
}

/** Whether the build makes this file: tsc of a source, or src/bundle.mjs of what tsc made. */
function isMade(path: string): boolean {
  const [, stem, ending] = /^\.\/dist\/(.*?)(\.d\.cts|\.cjs|\.d\.ts|\.js)$/.exec(path) ?? [];
  if (stem === undefined) return exists(path.replace("./", ""));
  return exists(`src/${stem}.ts`) && (!ending.includes("c") || bundled.includes(stem));
}

/** The doors that src/bundle.mjs makes .cjs files of. */
const bundled = /const doors = \[([^\]]*)\]/.exec(read("src/bundle.mjs"))![1].split(/[",\s]+/);

/** The names of values that a module exports. */
function exportedNames(path: string): string[] {
  const code = withoutComments(read(path));
  const declared = [...code.matchAll(/^export (?:const|function|class|async function) (\w+)/gm)].map(
    ([, name]) => name,
  );
  const listed = [...code.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, list]) =>
    list.split(",").map((each) => each.trim().split(" as ").at(-1)!.trim()),
  );
  return [...declared, ...listed].filter((name) => name !== "" && !name.startsWith("type ")).sort();
}

describe("package.json", () => {
  const doors = Object.entries({ ...manifest.exports, ...manifest.imports });
  const files = [manifest.main, manifest.types, ...Object.values(manifest.bin)];

  test.each(doors)("%s leads to files that the build makes", (_, target) => {
    expect(targets(target).filter((path) => !isMade(path))).toEqual([]);
  });

  test("main, types and bin lead to files that the build makes", () => {
    expect(files.filter((path) => !isMade(path.startsWith("./") ? path : `./${path}`))).toEqual([]);
  });

  test.each(doors)('%s: "types" comes first and "default" last, for order is meaning', (_, target) => {
    for (const conditions of conditionSets(target)) {
      expect(conditions.at(-1)).toBe("default");
      if (conditions.includes("types")) expect(conditions[0]).toBe("types");
    }
  });

  test("public types do not mention the private doors", () => {
    for (const path of ["src/index.ts", "src/optim/index.ts", "src/checkpoint/index.ts"]) {
      expect(read(path)).not.toContain('"#');
    }
  });
});

describe("exports", () => {
  const platforms = [
    { platform: "Node, imported", conditions: ["node", "import", "node-addons", "module-sync"], file: "index.js" },
    { platform: "Node, required", conditions: ["node", "require", "node-addons", "module-sync"], file: "index.js" },
    { platform: "jest, required", conditions: ["node", "require", "default"], file: "index.cjs" },
    { platform: "a bundle of what is required", conditions: ["browser", "require", "module"], file: "index.cjs" },
    { platform: "workerd", conditions: ["workerd", "worker", "browser", "import"], file: "index.js" },
    { platform: "workerd, required", conditions: ["workerd", "worker", "browser", "require"], file: "index.js" },
    { platform: "Vercel's edge runtime", conditions: ["edge-light", "worker", "require"], file: "index.js" },
    { platform: "Bun, required", conditions: ["bun", "node", "require"], file: "index.js" },
    { platform: "Deno", conditions: ["deno", "node", "import"], file: "index.js" },
    { platform: "a runtime nobody knows", conditions: [], file: "index.js" },
  ];
  const names = [".", "./optim", "./checkpoint", "./checkpoint/file"];

  test.each(platforms)("to $platform are $file", ({ conditions, file }) => {
    for (const name of names) {
      const stem = name === "." ? "index" : name === "./checkpoint/file" ? "checkpoint/file" : `${name.slice(2)}/index`;
      const ending = file.slice("index".length);
      const types = ending === ".js" ? ".d.ts" : ".d.cts";
      expect(resolve(manifest.exports[name], conditions)).toBe(`./dist/${stem}${ending}`);
      expect(resolve(manifest.exports[name], ["types", ...conditions])).toBe(`./dist/${stem}${types}`);
    }
  });

  test("one instance for import and require comes before the copy for require", () => {
    for (const name of names) {
      const order = Object.keys(manifest.exports[name]);
      expect(order).toEqual(["module-sync", "workerd", "edge-light", "bun", "require", "default"]);
    }
  });

  test("web has all names of the doors that do without Node", () => {
    const passed = [...read("src/web.ts").matchAll(/^export \* from "(.*)";/gm)].map(([, path]) => path);
    expect(passed.sort()).toEqual(["./checkpoint/index.js", "./index.js", "./optim/index.js"]);
    const all = ["src/index.ts", "src/optim/index.ts", "src/checkpoint/index.ts"].flatMap(exportedNames);
    expect(new Set(all).size, "a name that two doors have is in neither").toBe(all.length);
  });
});

describe("#native", () => {
  const platforms = [
    { platform: "Node", conditions: ["node", "import", "node-addons", "module-sync"], file: "native" },
    { platform: "Node, required", conditions: ["node", "require", "node-addons", "module-sync"], file: "native" },
    { platform: "Next.js, standalone", conditions: ["node", "import"], file: "native" },
    { platform: "a browser bundle", conditions: ["browser", "import", "module"], file: "absent" },
    {
      platform: "a bundle of webpack for the web",
      conditions: ["webpack", "production", "browser", "import"],
      file: "absent",
    },
    { platform: "workerd", conditions: ["workerd", "worker", "browser", "import"], file: "absent" },
    { platform: "Vercel's edge runtime", conditions: ["edge-light", "worker", "browser", "import"], file: "absent" },
    { platform: "Deno", conditions: ["deno", "node", "import"], file: "absent" },
    { platform: "a browser build that says node as well", conditions: ["node", "browser", "import"], file: "absent" },
    { platform: "a runtime nobody knows", conditions: ["import"], file: "absent" },
  ];

  test.each(platforms)("in $platform is $file.js", ({ conditions, file }) => {
    expect(resolve(manifest.imports["#native"], conditions)).toBe(`./dist/backend/${file}.js`);
  });

  test("Node agrees with this reading", () => {
    const script = 'console.log(import.meta.resolve("#native"), import.meta.resolve("#wasm"))';
    for (const extra of [[], ["browser"], ["deno"]]) {
      const flags = extra.map((condition) => `--conditions=${condition}`);
      const out = execFileSync(process.execPath, [...flags, "--input-type=module", "-e", script], {
        cwd: root,
        encoding: "utf8",
      });
      const conditions = ["node", "import", "node-addons", "module-sync", ...extra];
      for (const [i, door] of ["#native", "#wasm"].entries()) {
        expect(out.trim().split(" ")[i]).toMatch(resolve(manifest.imports[door], conditions)!.slice(1));
      }
    }
  });

  test("both sides export the same names", () => {
    expect(exportedNames("src/backend/absent.ts")).toEqual(["openNative"]);
    expect(exportedNames("src/backend/native.ts")).toEqual(exportedNames("src/backend/absent.ts"));
  });
});

describe("#wasm", () => {
  test("all doors export the same names", () => {
    const doors = filesUnder("src/backend/wasm", ".ts").filter((path) => /\/door\.\w+\.ts$/.test(path));
    expect(doors.map((path) => path.split(".").at(-2))).toEqual(["edge", "inline", "workerd"]);
    for (const door of doors) expect(exportedNames(door), door).toEqual(["compile"]);
  });

  const platforms = [
    { platform: "workerd", conditions: ["workerd", "worker", "browser", "import"], door: "workerd" },
    { platform: "Vercel's edge runtime", conditions: ["edge-light", "worker", "browser", "import"], door: "edge" },
    { platform: "Node", conditions: ["node", "import", "node-addons", "module-sync"], door: "inline" },
    { platform: "a browser bundle", conditions: ["browser", "import", "module"], door: "inline" },
    { platform: "Deno", conditions: ["deno", "node", "import"], door: "inline" },
    { platform: "a runtime nobody knows", conditions: [], door: "inline" },
  ];

  test.each(platforms)("in $platform is door.$door.js", ({ conditions, door }) => {
    expect(resolve(manifest.imports["#wasm"], conditions)).toBe(`./dist/backend/wasm/door.${door}.js`);
  });

  test("the doors that cannot compile bytes name a file that the build puts beside them", () => {
    expect(read("src/backend/wasm/door.workerd.ts")).toContain('from "./simd.wasm";');
    expect(read("src/backend/wasm/door.edge.ts")).toContain('from "./simd.wasm?module";');
    expect(read("src/build.mjs")).toContain('"dist/backend/wasm/simd.wasm"');
  });
});
