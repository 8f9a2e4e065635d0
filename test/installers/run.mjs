/**
 * node test/installers/run.mjs [NAME…]: installs the packed tarball with npm, pnpm, yarn and bun, once as they like it and once with
 * scripts blocked and optional dependencies left out; each time the addon must be found (where one came along) and the bits be right.
 *
 * The installers come from the registry into a temporary folder. Without a registry this is skipped, loudly; under CI it fails.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { pack } from "../package/pack.mjs";
import { versions } from "../runtimes/versions.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), "nn-embedding-installers-"));
const tools = join(temporary, "tools");
const registry = spawnSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).stdout.trim();
const env = {
  ...process.env,
  NN_EMBEDDING_BACKEND: "",
  npm_config_registry: registry,
  YARN_NPM_REGISTRY_SERVER: registry.replace(/\/$/, ""),
  YARN_UNSAFE_HTTP_WHITELIST: registry.startsWith("http:") ? new URL(registry).hostname : "",
  YARN_ENABLE_GLOBAL_CACHE: "false",
  YARN_ENABLE_TELEMETRY: "0",
  YARN_ENABLE_IMMUTABLE_INSTALLS: "false",
  BUN_CONFIG_REGISTRY: registry,
};

const check = `
import { backends, Embedding, manualSeed } from "nn-embedding";
import { SGD } from "nn-embedding/optim";
manualSeed(7);
const table = new Embedding(300, 48);
const rows = table.forward(Array.from({ length: 99 }, (_, i) => (i * 5) % 300));
table.backward([1, 2, 1], rows.slice(0, 3 * 48));
new SGD([table.weight], { lr: 0.5 }).step();
let bits = 0;
for (const word of new Uint32Array(table.forward([...Array(300).keys()]).buffer)) bits = (bits * 31 + word) >>> 0;
const { name, isa } = backends().find((each) => each.chosen);
const why = backends().find((each) => each.why !== undefined)?.why;
console.log(JSON.stringify({ chosen: name + ":" + isa, why, bits }));
`;

const node = process.execPath;
const tool = (path) => join(tools, "node_modules", path);
const bun = `@oven/bun-${process.platform}-${process.arch === "arm64" ? "aarch64" : process.arch}`;

/** How each one installs a tarball: as it likes it, and what it calls blocking scripts and leaving optional dependencies out. */
const installers = {
  npm: { from: [], add: ["npm", "install"], strict: ["--ignore-scripts", "--omit=optional"] },
  pnpm: {
    from: ["pnpm"],
    add: [node, tool("pnpm/bin/pnpm.cjs"), "add"],
    strict: ["--ignore-scripts", "--no-optional"],
  },
  "yarn 1": {
    from: ["yarn"],
    add: [node, tool("yarn/bin/yarn.js"), "add"],
    strict: ["--ignore-scripts", "--ignore-optional"],
  },
  "yarn 4": { from: ["@yarnpkg/cli-dist"], linker: "node-modules" },
  "yarn 4 PnP": { from: ["@yarnpkg/cli-dist"], linker: "pnp" },
  bun: { from: [bun], add: [tool(`${bun}/bin/bun`), "add"], strict: ["--ignore-scripts", "--omit=optional"] },
};
const yarn = [node, tool("@yarnpkg/cli-dist/bin/yarn.js")];

function run([command, ...args], cwd, more = {}) {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env: { ...env, ...more },
    encoding: "utf8",
  });
  if (status !== 0) {
    const said = `${stdout}${stderr}`.trim().split("\n").slice(-15).join("\n");
    throw new Error(`${command} ${args.join(" ")} ended with ${error?.message ?? signal ?? status}:\n${said}`);
  }
  return stdout;
}

function install(name, isStrict, tarball, project) {
  const { add, strict, linker } = installers[name];
  mkdirSync(project, { recursive: true });
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ name: "user", version: "1.0.0", type: "module", private: true }),
  );
  writeFileSync(join(project, "check.mjs"), check);
  if (linker === undefined) return run([...add, tarball, ...(isStrict ? strict : [])], project);
  const settings = [`nodeLinker: ${linker}`, `enableScripts: ${!isStrict}`];
  writeFileSync(join(project, ".yarnrc.yml"), `${settings.join("\n")}\n`);
  writeFileSync(join(project, "yarn.lock"), ""); // a project of its own, whatever lies above
  return run([...yarn, "add", `nn-embedding@file:${tarball}`], project);
}

/** What the installed package tells, run by Node; then its doctor, by way of bin. */
function use(name, project) {
  const isPnp = installers[name].linker === "pnp";
  const started = isPnp ? [...yarn, "node"] : [node];
  const told = JSON.parse(
    run([...started, "check.mjs"], project)
      .trim()
      .split("\n")
      .at(-1),
  );
  const doctor = isPnp ? [...yarn, "nn-embedding"] : [join(project, "node_modules/.bin/nn-embedding")];
  const { healthy } = JSON.parse(run([...doctor, "doctor", "--json"], project));
  if (!healthy) throw new Error("nn-embedding doctor finds wrong bits");
  return told;
}

/** What cannot be tried here ends well on a user's machine, and badly where everything is meant to be tried. */
function skip(why) {
  console.error(`SKIPPED: ${why}`);
  if (process.env.CI) process.exitCode = 1;
}

try {
  const asked = process.argv.slice(2);
  const unknown = asked.find((name) => !Object.hasOwn(installers, name));
  if (unknown !== undefined)
    throw new Error(`${unknown} is no installer, expected one of ${Object.keys(installers).join(", ")}`);
  const names = asked.length > 0 ? asked : Object.keys(installers);
  const tarball = pack(temporary);
  const expected = JSON.parse(run([node, "--input-type=module", "-e", check], root, { NN_EMBEDDING_BACKEND: "js" }));
  const prebuilt = existsSync(join(root, `prebuilds/${process.platform}-${process.arch}/nn_embedding.node`));
  mkdirSync(tools);
  writeFileSync(join(tools, "package.json"), "{}");

  console.log(["installer".padEnd(12), "options".padEnd(10), "backend".padEnd(16), "bits", "seconds"].join("  "));
  for (const name of names) {
    try {
      const { from } = installers[name];
      const wanted = from.map((each) => `${each}@${versions[each]}`);
      if (wanted.length > 0) run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", ...wanted], tools);
    } catch (error) {
      skip(`${name} cannot be had: ${error.message}`);
      continue;
    }
    for (const isStrict of [false, true]) {
      const project = join(temporary, `${name}-${isStrict}`.replaceAll(" ", "-"));
      const row = [name.padEnd(12), (isStrict ? "blocked" : "default").padEnd(10)];
      try {
        const start = performance.now();
        install(name, isStrict, tarball, project);
        const seconds = ((performance.now() - start) / 1000).toFixed(1);
        const { chosen, bits, why } = use(name, project);
        const isRight = bits === expected.bits && chosen.startsWith(prebuilt ? "native:" : "wasm:");
        console.log([...row, chosen.padEnd(16), bits === expected.bits ? "same" : "WRONG", seconds].join("  "));
        if (isRight) continue;
        console.error(`${name}: expected ${prebuilt ? "native" : "wasm"} and ${expected.bits}, got ${bits} (${why})`);
      } catch (error) {
        console.log([...row, "FAILED"].join("  "));
        console.error(`${name}: ${error.message}\nin ${project}: ${readdirSync(project).join(" ")}`);
      }
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
