import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { importTool } from "../support.mjs";

/** A page with one module. Its icon is said to be none, or browsers ask for one. */
export function writePage(folder, script) {
  mkdirSync(folder, { recursive: true });
  const head = '<meta charset="utf-8"><title>nn-embedding</title><link rel="icon" href="data:,">';
  writeFileSync(join(folder, "index.html"), `<!doctype html>${head}<script type="module" src="./${script}"></script>`);
}

/** How each bundler makes a page of page.js: with its defaults, as for any package. */
export const bundlers = {
  esbuild: {
    needs: ["esbuild"],
    async build(project, folder, entry = "page.js") {
      const esbuild = await importTool("esbuild");
      await esbuild.build({
        entryPoints: [join(project, entry)],
        bundle: true,
        minify: true,
        format: "esm",
        outdir: folder,
        logLevel: "error",
      });
      writePage(folder, entry);
    },
  },
  webpack: {
    needs: ["webpack"],
    async build(project, folder, entry = "page.js") {
      const { default: webpack } = await importTool("webpack");
      const options = {
        mode: "production",
        context: project,
        entry: `./${entry}`,
        output: { path: folder, filename: entry },
        performance: false,
      };
      const stats = await new Promise((resolve, reject) => {
        webpack(options, (error, result) => (error ? reject(error) : resolve(result)));
      });
      if (stats.hasErrors() || stats.hasWarnings())
        throw new Error(stats.toString({ all: false, errors: true, warnings: true }));
      writePage(folder, entry);
    },
  },
  Vite: {
    needs: ["vite"],
    async build(project, folder) {
      const { build } = await importTool("vite");
      writePage(project, "page.js");
      await build({ root: project, configFile: false, logLevel: "warn", build: { outDir: folder, emptyOutDir: true } });
    },
  },
  Rollup: {
    needs: ["rollup", "@rollup/plugin-node-resolve"],
    async build(project, folder) {
      const { rollup } = await importTool("rollup");
      const { nodeResolve } = await importTool("@rollup/plugin-node-resolve");
      const bundle = await rollup({ input: join(project, "page.js"), plugins: [nodeResolve({ browser: true })] });
      await bundle.write({ dir: folder, format: "es" });
      await bundle.close();
      writePage(folder, "page.js");
    },
  },
};
