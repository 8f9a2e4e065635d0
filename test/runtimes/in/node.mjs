import { lastLine, run, toolPath } from "../support.mjs";

const node = (version) => toolPath(`node${version}/bin/node`);

/** Every supported release of Node, each as it comes and told to use WebAssembly. */
export const runtimes = [20, 22, 24, 26].flatMap((version) => [
  {
    name: `Node ${version}`,
    needs: [`node${version}`],
    run: ({ project }) => lastLine(run(node(version), ["main.js"], { cwd: project })),
  },
  {
    name: `Node ${version}, WebAssembly`,
    needs: [`node${version}`],
    run({ project }) {
      const env = { NN_EMBEDDING_BACKEND: "wasm" };
      return lastLine(run(node(version), ["main.js", "chosen"], { cwd: project, env }));
    },
  },
]);
