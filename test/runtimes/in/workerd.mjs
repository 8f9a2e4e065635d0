import { basename } from "node:path";
import { answerOf, importTool } from "../support.mjs";

/**
 * Cloudflare Workers' own runtime, by way of Miniflare, with what esbuild makes for it: one module and a .wasm file. As it was in 2023 too,
 * without WeakRef and FinalizationRegistry: a Worker keeps the date it was first deployed with.
 */
export const runtimes = ["2026-06-01", "2023-01-01"].map((compatibilityDate) => ({
  name: `workerd, as of ${compatibilityDate.slice(0, 4)}`,
  needs: ["miniflare", "esbuild"],
  async run({ project }) {
    const { Miniflare } = await importTool("miniflare");
    const modules = await bundleWorker(project, "worker.js");
    const miniflare = new Miniflare({ cf: false, modules, modulesRoot: "/", compatibilityDate });
    try {
      const response = await miniflare.dispatchFetch("http://localhost/");
      // The clock of an isolate stands still while it computes: edge.mjs tells how long the first lookup takes.
      return { ...(await answerOf(response)), firstLookup: undefined, milliseconds: undefined };
    } finally {
      await miniflare.dispose();
    }
  },
}));

/** The modules of a worker, as Miniflare takes them, the main one first. */
export async function bundleWorker(project, entry, options = {}) {
  const esbuild = await importTool("esbuild");
  const { outputFiles } = await esbuild.build({
    entryPoints: [entry],
    absWorkingDir: project,
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
    outdir: "/",
    write: false,
    logLevel: "error",
    ...options,
  });
  const modules = outputFiles.map(({ path, text, contents }) =>
    path.endsWith(".wasm")
      ? { type: "CompiledWasm", path: `/${basename(path)}`, contents }
      : { type: "ESModule", path: `/${basename(path)}`, contents: text },
  );
  return modules.sort((a) => (a.type === "ESModule" ? -1 : 1));
}
