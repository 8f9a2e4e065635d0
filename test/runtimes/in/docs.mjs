import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execPath } from "node:process";
import { importTool, run } from "../support.mjs";
import { browsers, visit } from "./browsers.mjs";
import * as bun from "./bun.mjs";
import { bundlers } from "./bundlers.mjs";
import * as deno from "./deno.mjs";
import { fetchFrom } from "./next.mjs";
import { writePageOf } from "./pages.mjs";
import { bundleWorker } from "./workerd.mjs";

/** How the code of each page of src/docs is run, as the page says: what it gives, once or several times. */
const pages = {
  "node.md": {
    needs: [],
    run: (folder) => ["lookup.mjs", "lookup.cjs"].map((file) => run(execPath, [file], { cwd: folder })),
  },
  "deno.md": { needs: [deno.name], run: (folder) => [deno.runDeno(folder, "lookup.js", join(folder, "cache"))] },
  "bun.md": {
    needs: [bun.name],
    run(folder) {
      run(bun.bun, ["build", "--compile", "lookup.js", "--outfile", "lookup"], { cwd: folder });
      return [run(bun.bun, ["lookup.js"], { cwd: folder }), run(join(folder, "lookup"), [], { cwd: folder })];
    },
  },
  "browser.md": { needs: browsers.Chromium.needs, run: async (folder) => [await outputOf(folder, folder)] },
  "bundlers.md": {
    needs: [...browsers.Chromium.needs, "vite", "webpack", "esbuild"],
    async run(folder) {
      const { build } = await importTool("vite");
      await build({ root: folder, configFile: false, logLevel: "warn" });
      const esbuild = join(folder, "esbuild");
      await bundlers.esbuild.build(folder, esbuild, "main.js");
      const webpack = join(folder, "webpack");
      await bundlers.webpack.build(folder, webpack, "main.js");
      for (const each of [esbuild, webpack]) cpSync(join(folder, "index.html"), join(each, "index.html"));
      const told = [];
      for (const each of [join(folder, "dist"), esbuild, webpack]) told.push(await outputOf(each, folder));
      return told;
    },
  },
  "cloudflare-workers.md": {
    needs: ["miniflare", "esbuild"],
    async run(folder) {
      const { Miniflare } = await importTool("miniflare");
      const settings = readFileSync(join(folder, "wrangler.toml"), "utf8");
      const [, main] = /^main = "(.*)"$/m.exec(settings);
      const [, compatibilityDate] = /^compatibility_date = "(.*)"$/m.exec(settings);
      const modules = await bundleWorker(folder, main);
      const miniflare = new Miniflare({ cf: false, modules, modulesRoot: "/", compatibilityDate });
      try {
        return [await (await miniflare.dispatchFetch("http://localhost/")).text()];
      } finally {
        await miniflare.dispose();
      }
    },
  },
  "vercel.md": {
    needs: [],
    async run(_folder, context) {
      return [await (await fetchFrom(context, { bundler: "turbopack", isStandalone: false }, "api/lookup")).text()];
    },
  },
};

let visits = 0;

function outputOf(at, folder) {
  const read = () => globalThis.document.querySelector("output")?.textContent;
  return visit(browsers.Chromium, at, join(folder, `profile${visits++}`), read);
}

/** The code of the pages does what they say. */
export const checks = Object.entries(pages).map(([page, { needs, run: start }]) => ({
  name: `src/docs/${page}`,
  needs,
  async run(context) {
    const folder = join(context.shared, page);
    cpSync(join(context.project, "node_modules"), join(folder, "node_modules"), { recursive: true });
    cpSync(join(context.project, "package.json"), join(folder, "package.json"));
    const { names, expected } = writePageOf(page, folder);
    for (const told of await start(folder, context)) {
      if (told.trim() !== expected) throw new Error(`${told.slice(0, 500)}, expected ${expected}`);
    }
    return `${names.join(", ")} gives what it says`;
  },
}));
