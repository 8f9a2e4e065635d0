import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { answerOf, importTool } from "../support.mjs";

/** Vercel's edge runtime, with what its bundlers make: a script, and Modules for what was imported from `….wasm?module`. */
export const runtimes = [
  {
    name: "Vercel edge-runtime",
    needs: ["edge-runtime", "esbuild"],
    async run({ project }) {
      const { EdgeRuntime } = await importTool("edge-runtime");
      const { code, modules } = await bundleScript(project);
      const runtime = new EdgeRuntime({ initialCode: code, extend: (context) => Object.assign(context, modules) });
      const response = await runtime.dispatchFetch("http://localhost/");
      return { ...(await answerOf(response)), firstLookup: undefined };
    },
  },
];

async function bundleScript(project) {
  const esbuild = await importTool("esbuild");
  const modules = {};
  const wasmModules = {
    name: "wasm?module",
    setup(build) {
      build.onResolve({ filter: /\.wasm\?module$/ }, ({ path, resolveDir }) => {
        return { path: join(resolveDir, path.replace("?module", "")), namespace: "wasm" };
      });
      build.onLoad({ filter: /./, namespace: "wasm" }, ({ path }) => {
        const name = `wasm_${basename(path, ".wasm")}`;
        modules[name] = new WebAssembly.Module(readFileSync(path));
        return { contents: `export default globalThis.${name};` };
      });
    },
  };
  const answer =
    'import worker from "./worker.js"; addEventListener("fetch", (event) => event.respondWith(worker.fetch()));';
  const { outputFiles } = await esbuild.build({
    stdin: { contents: answer, resolveDir: project },
    bundle: true,
    format: "iife",
    conditions: ["edge-light", "worker", "browser"],
    plugins: [wasmModules],
    write: false,
    logLevel: "error",
  });
  return { code: outputFiles[0].text, modules };
}
