/** What `npm pack` and `npm publish` begin with: a whole dist/, and a look at which prebuilt addons come along. */
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { isOlder } from "./build.mjs"; // which builds

const targets = [...readFileSync("src/backend/loadAddon.ts", "utf8").matchAll(/"\.\.\/\.\.\/(prebuilds\/.*?)"/g)];
const faults = [];
for (const [, path] of targets) {
  const isThere = existsSync(path);
  if (!isThere) faults.push(`${path} is not there`);
  else if (isOlder(path, ["native", "binding.gyp"])) faults.push(`${path} is older than native/`);
}
for (const fault of faults) console.error(`${fault}: npm run prebuilds makes it`);
for (const path of ["dist/index.cjs", "dist/web.js"]) {
  if (existsSync(path)) continue;
  console.error(`${path} is not there: npm ci installs esbuild, which makes it`);
  process.exitCode = 1;
}
// A tarball to look at may do with less; what everybody installs may not.
if (faults.length > 0 && process.env.npm_command === "publish") process.exitCode = 1;
