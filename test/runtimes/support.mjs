/** What the runtimes share: processes, tools from npm, the packed package in a fresh project, a file server. */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { extname, join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { versions } from "./versions.mjs";

export const root = fileURLToPath(new URL("../../", import.meta.url));
const isWindows = process.platform === "win32";
const environment = { ...process.env, NODE_OPTIONS: "", NN_EMBEDDING_BACKEND: "", NO_COLOR: "1" };

/** Runs a command to its end; what it printed. Throws what it said when it fails or takes too long. */
export function run(command, args, { cwd = root, env = {}, seconds = 300 } = {}) {
  const options = { cwd, env: { ...environment, ...env }, encoding: "utf8", timeout: seconds * 1000, shell: isWindows };
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, { ...options, maxBuffer: 2 ** 26 });
  if (status === 0) return stdout;
  const said = `${stdout}${stderr}`.trim().split("\n").slice(-15).join("\n");
  throw new Error(`${command} ${args.join(" ")} ended with ${error?.message ?? signal ?? status}:\n${said}`);
}

/** The last line that a program printed, as JSON. */
export function lastLine(printed) {
  return JSON.parse(printed.trim().split("\n").at(-1));
}

/** Starts a server, and waits for it to print what fits `ready`. */
export function startServer(command, args, { cwd, env = {}, ready, seconds = 60 }) {
  const child = spawn(command, args, { cwd, env: { ...environment, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  return new Promise((resolve, reject) => {
    const fail = (why) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(new Error(`${command} ${args.join(" ")} ${why}:\n${said}`));
    };
    const timer = setTimeout(() => fail(`was not ready after ${seconds} s`), seconds * 1000);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        said += chunk;
        if (!ready.test(said)) return;
        clearTimeout(timer);
        resolve({ stop: () => child.kill("SIGKILL") });
      });
    }
    child.on("error", ({ message }) => fail(message));
    child.on("exit", (status) => fail(`ended with ${status}`));
  });
}

/** Where tools are kept from one run to the next: a user's own, one for each checkout, beside no project, so that none is found by accident. */
const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
const tools = join(cache, "nn-embedding", `runtimes-${createHash("sha256").update(root).digest("hex").slice(0, 8)}`);

/** Installs those of `names` that are not there in their pinned version. */
export function installTools(names) {
  mkdirSync(tools, { recursive: true });
  if (!existsSync(join(tools, "package.json"))) writeFileSync(join(tools, "package.json"), '{ "private": true }');
  const missing = names.filter((name) => {
    const manifest = join(tools, "node_modules", name, "package.json");
    return !existsSync(manifest) || !versions[name].endsWith(JSON.parse(readFileSync(manifest, "utf8")).version);
  });
  if (missing.length === 0) return;
  const wanted = missing.map((name) => `${name}@${versions[name]}`);
  run("npm", ["install", "--save-exact", "--ignore-scripts", "--no-audit", "--no-fund", ...wanted], { cwd: tools });
}

/** The path of a file in an installed tool. */
export function toolPath(path) {
  return join(tools, "node_modules", path);
}

/** Imports an installed tool. */
export function importTool(name) {
  return import(pathToFileURL(createRequire(join(tools, "package.json")).resolve(name)).href);
}

/** What a server answered, as JSON; throws what it says when that is an error. */
export async function answerOf(response) {
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  throw new Error(`answered ${response.status}: ${text.slice(0, 2000)}`);
}

/** A new project with the tarball installed, and what every runtime is asked to compute beside it. */
export function makeProject(folder, tarball, ...more) {
  mkdirSync(folder, { recursive: true });
  const manifest = { name: "user", version: "1.0.0", type: "module", private: true };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", tarball, ...more], { cwd: folder });
  cpSync(join(root, "test/runtimes/inside"), folder, { recursive: true });
  return folder;
}

const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** Serves a folder on localhost; its address, and how to stop. */
export async function serve(folder) {
  const server = createServer((request, response) => {
    const path = join(folder, new URL(request.url, "http://localhost").pathname);
    if (!existsSync(path) || extname(path) === "") return response.writeHead(404).end();
    const headers = { "content-type": types[extname(path)] ?? "application/octet-stream" };
    response.writeHead(200, headers).end(readFileSync(path));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

/** What a missing program is called when it is told: see run.mjs. */
export class Missing extends Error {}

/** The first of these programs that is there. */
export function findProgram(what, ...paths) {
  const found = paths.find((path) => path !== undefined && existsSync(path));
  if (found === undefined)
    throw new Missing(`${what} is not installed (looked for ${paths.filter(Boolean).join(", ")})`);
  return found;
}
