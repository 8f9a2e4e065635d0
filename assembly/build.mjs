// node assembly/build.mjs, from the root of the repository: both modules, and src/backend/wasm/modules.ts that carries them inline.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import asc from "assemblyscript/asc";

const targets = ["simd", "scalar"];
const wasm = {};

mkdirSync("assembly/build", { recursive: true });
for (const target of targets) {
  const { error, stderr } = await asc.main(["--config", "assembly/asconfig.json", "--target", target]);
  const said = stderr.toString();
  if (said) console.error(said);
  if (error) {
    console.error(`assembly: ${target} failed: ${error.message}`);
    process.exit(1);
  }
  wasm[target] = readFileSync(`assembly/build/${target}.wasm`);
  if (!WebAssembly.validate(wasm[target])) {
    console.error(`assembly: ${target}.wasm does not validate`);
    process.exit(1);
  }
}

const lines = targets.map((target) => `export const ${target} =\n  "${wasm[target].toString("base64")}";\n`);
writeFileSync(
  "src/backend/wasm/modules.ts",
  `// Made by assembly/build.mjs from assembly/: do not edit, do not commit.\n${lines.join("")}`,
);
console.log(`assembly: ${targets.map((target) => `${target} ${wasm[target].length} bytes`).join(", ")}`);
