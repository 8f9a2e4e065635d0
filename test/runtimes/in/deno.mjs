import { arch, platform } from "node:process";
import { lastLine, run, toolPath } from "../support.mjs";

const deno = `@deno/${platform}-${arch}-glibc`;

/** Deno without any permission: WebAssembly, for addons would need --allow-ffi. */
export const runtimes = [
  {
    name: "Deno",
    needs: [deno],
    run({ project, folder }) {
      const env = { DENO_DIR: folder, DENO_NO_UPDATE_CHECK: "1" };
      return lastLine(run(toolPath(`${deno}/deno`), ["run", "--no-prompt", "main.js"], { cwd: project, env }));
    },
  },
];
