import { join } from "node:path";
import { arch, platform } from "node:process";
import { lastLine, run, toolPath } from "../support.mjs";

export const name = `@oven/bun-${platform}-${arch === "x64" ? "x64" : "aarch64"}`;
export const bun = toolPath(`${name}/bin/bun`);

/** Bun, and the one file that it makes of a program and itself, run where no package lies. */
export const runtimes = [
  { name: "Bun", needs: [name], run: ({ project }) => lastLine(run(bun, ["main.js"], { cwd: project })) },
  {
    name: "Bun, compiled",
    needs: [name],
    run({ project, folder }) {
      const program = join(folder, "program");
      run(bun, ["build", "--compile", "main.js", "--outfile", program], { cwd: project });
      return lastLine(run(program, [], { cwd: folder }));
    },
  },
];
