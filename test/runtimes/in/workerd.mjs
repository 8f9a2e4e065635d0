import { basename } from "node:path";
import { importTool } from "../support.mjs";

/** Cloudflare Workers' own runtime, by way of Miniflare, with what esbuild makes for it: one module and a .wasm file. */
export const runtimes = [
  {
    name: "workerd (Miniflare)",
    needs: ["miniflare", "esbuild"],
    async run({ project }) {
      const { Miniflare } = await importTool("miniflare");
      const miniflare = new Miniflare({ cf: false, modules: await bundleWorker(project, "worker.js"), modulesRoot: "/" });
      try {
        const response = await miniflare.dispatchFetch("http://localhost/");
        // The clock of an isolate stands still while it computes: startUp.mjs tells how long the first lookup takes.
        return { ...(await response.json()), firstLookup: undefined, milliseconds: undefined };
      } finally {
        await miniflare.dispose();
      }
    },
  },
];

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
