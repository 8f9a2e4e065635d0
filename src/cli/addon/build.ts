import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { CAC } from "cac";
import { rangeError, show } from "../../errors.js";
import { compile } from "./compile.js";
import { compilers } from "./compiler.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** `nn-embedding build`: the native addon from source, where no prebuilt one fits. */
export function addBuild(cli: CAC): void {
  cli
    .command("build", "Compile the native addon for this machine with its C++ compiler; afterwards it is found first")
    .option("--prebuilt <target>", `Make one for others instead, for prebuilds/: ${Object.keys(compilers).join(", ")}`)
    .action((options: { readonly prebuilt?: unknown }) => build(options.prebuilt));
}

async function build(prebuilt: unknown): Promise<void> {
  if (prebuilt === undefined) {
    const out = "build/Release/nn_embedding.node";
    await made({ root, target: `${process.platform}-${process.arch}`, out, isPrebuilt: false });
    // In a process of its own: this one may have loaded another addon, and a bad one must not take it along.
    const script = `
      import { backends } from "nn-embedding";
      const native = backends().filter((each) => each.name === "native");
      const used = native.find((each) => each.chosen);
      if (used === undefined) console.log(native[0].why);
      else console.log(used.name + ":" + used.isa + " was loaded from it");
      process.exitCode = used === undefined ? 1 : 0;`;
    const { NN_EMBEDDING_BACKEND: _, NN_EMBEDDING_THREADS: _threads, ...env } = process.env; // what they force is not asked here
    const options = { cwd: root, env, encoding: "utf8" } as const;
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      ["--input-type=module", "-e", script],
      options,
    );
    if (status !== 0) {
      const why = stdout.trim() || stderr.trim() || `its process ended with ${signal ?? status}`;
      throw rangeError("ERR_BACKEND_UNSUPPORTED", `${out} does not load: ${why}`);
    }
    console.log(stdout.trim());
    return;
  }
  for (const target of [prebuilt].flat()) {
    if (typeof target !== "string" || !Object.hasOwn(compilers, target)) {
      const known = Object.keys(compilers).join(", ");
      throw rangeError("ERR_OUT_OF_RANGE", `prebuilt is ${show(target)}, expected ${known}`);
    }
    await made({ root, target, out: `prebuilds/${target}/nn_embedding.node`, isPrebuilt: true });
  }
}

async function made(compilation: Parameters<typeof compile>[0]): Promise<void> {
  console.log(`compiling ${compilation.out} from source: half a minute or so`);
  await compile(compilation);
  console.log("done");
}
