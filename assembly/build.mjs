// node assembly/build.mjs, from the root of the repository: both modules, and src/backend/wasm/modules.ts that carries them inline.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import asc from "assemblyscript/asc";
import binaryen from "assemblyscript/binaryen";

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
  wasm[target] = Buffer.from(inline(readFileSync(`assembly/build/${target}.wasm`)));
  writeFileSync(`assembly/build/${target}.wasm`, wasm[target]);
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

/**
 * Puts every function that is called from one place where it is called, and small ones everywhere. asc inlines too little where it saves
 * bytes (V8 unrolls a loop the more the deeper it is nested, so a hot loop in a function of its own is a quarter slower) and too much
 * where it does not (a fifth more bytes for nothing).
 */
function inline(bytes) {
  const { BulkMemory, BulkMemoryOpt, SIMD128 } = binaryen.Features;
  const module = binaryen.readBinary(bytes);
  module.setFeatures(BulkMemory | BulkMemoryOpt | SIMD128);
  binaryen.setOptimizeLevel(3);
  binaryen.setShrinkLevel(0);
  binaryen.setAlwaysInlineMaxSize(8);
  binaryen.setFlexibleInlineMaxSize(53); // expPair is 51, of which two copies pay; expUnrounded is 56, of which four do not
  binaryen.setOneCallerInlineMaxSize(1000);
  binaryen.setZeroFilledMemory(true);
  module.optimize();
  return module.emitBinary();
}
