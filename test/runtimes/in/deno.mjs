import { arch, platform } from "node:process";
import { lastLine, run, toolPath } from "../support.mjs";

export const name = `@deno/${platform}-${arch}-glibc`;

/** Deno without any permission: WebAssembly, for addons would need --allow-ffi. */
export const runtimes = [
  {
    name: "Deno",
    needs: [name],
    run: ({ project, folder }) => lastLine(runDeno(project, "main.js", folder)),
  },
];

export function runDeno(project, program, folder) {
  const env = { DENO_DIR: folder, DENO_NO_UPDATE_CHECK: "1" };
  return run(toolPath(`${name}/deno`), ["run", "--no-prompt", program], { cwd: project, env });
}
