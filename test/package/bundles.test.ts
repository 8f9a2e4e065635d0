import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exists, root } from "../house/sources.js";
import { findAddon, install, makeFolder, type Report, remove, runModule, tarball, tellModule } from "./packed.js";

/** The package inside a bundle for Node: WebAssembly, and no addon from wherever the bundle lies; marked as external it is itself. */
const folder = makeFolder();
const project = join(folder, "project");
const names = "Embedding, Unembedding, backends, manualSeed";
let addon: string | null;

beforeAll(() => {
  addon = findAddon(install(tarball, project));
  // Where the package's own paths lead from a bundle in project/dist.
  for (const at of ["build/Release", "prebuilds/linux-x64", "prebuilds/linux-arm64"]) {
    mkdirSync(join(folder, at), { recursive: true });
    writeFileSync(join(folder, at, "nn_embedding.node"), "somebody else's");
  }
}, 300_000);

afterAll(() => remove(folder), 60_000);

describe.skipIf(!exists("node_modules/esbuild"))("esbuild", () => {
  async function told(format: "cjs" | "esm", options: object = {}): Promise<Report> {
    const esbuild = (await import(/* @vite-ignore */ `${root}node_modules/esbuild/lib/main.js`)).default;
    const outfile = join(project, "dist", format === "cjs" ? "bundle.cjs" : "bundle.mjs");
    await esbuild.build({
      stdin: { contents: `export { ${names} } from "nn-embedding"`, resolveDir: project },
      ...{ bundle: true, minify: true, platform: "node", logLevel: "error", format, outfile },
      ...options,
    });
    const code = `
      const { tell } = await import(${JSON.stringify(tellModule)});
      console.log(JSON.stringify(tell(await import(${JSON.stringify(outfile)}))));`;
    return runModule<Report>(project, code);
  }

  test.each(["cjs", "esm"] as const)("%s: the bundle runs on WebAssembly, and says why", async (format) => {
    const { chosen, whys } = await told(format);
    const native = Object.entries(whys).filter(([name]) => name.startsWith("native:"));
    expect(chosen).toBe("wasm:simd");
    expect(native.length).toBeGreaterThan(0);
    for (const [, why] of native) expect(why).toBe("bundled without its addon: mark nn-embedding as external");
  });

  test.each(["cjs", "esm"] as const)("%s: marked as external the package is itself", async (format) => {
    const { chosen } = await told(format, { external: ["nn-embedding"] });
    expect(chosen).toMatch(addon === null ? /^wasm:/ : /^native:/);
  });
});
