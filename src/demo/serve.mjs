/** `npm run demo`: builds the page and serves it on this machine. --port <n>, --out <folder>, --build-only. */
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".safetensors": "application/octet-stream",
};

/**
 * Serves the files of a folder, to this machine alone.
 *
 * @param port 0 for any that is free.
 * @param headers sent with every answer.
 * @returns the server, once it listens.
 */
export function serve(folder, port, headers = {}) {
  const server = createServer((request, response) => {
    const refuse = (status) =>
      response.writeHead(status, { ...headers, "content-type": "text/plain" }).end(`${status}\n`);
    if (request.method !== "GET" && request.method !== "HEAD") return refuse(405);
    const path = pathOf(folder, request.url ?? "/");
    const stat = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
    if (!stat?.isFile()) return refuse(404);
    const type = types[extname(path)] ?? "application/octet-stream";
    response.writeHead(200, {
      ...headers,
      "content-type": type,
      "content-length": stat.size,
      "cache-control": "no-cache",
    });
    if (request.method === "HEAD") return response.end();
    createReadStream(path).pipe(response);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

/** The file that a URL asks for; undefined when it is none of the folder's. */
function pathOf(folder, url) {
  try {
    const pathname = decodeURIComponent(new URL(url, "http://localhost").pathname);
    const path = normalize(join(folder, pathname.endsWith("/") ? `${pathname}index.html` : pathname));
    return path.startsWith(normalize(folder) + sep) && !path.includes("\0") ? path : undefined;
  } catch {
    return undefined;
  }
}

async function main() {
  const { values } = parseArgs({
    options: { port: { type: "string", default: "8080" }, out: { type: "string" }, "build-only": { type: "boolean" } },
  });
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535) {
    console.error(`--port is ${JSON.stringify(values.port)}, expected an integer in [0, 65535]`);
    process.exit(1);
  }
  const { buildDemo, defaultOut } = await import("./build.mjs");
  const out = resolve(values.out ?? defaultOut);
  await buildDemo(out);
  if (values["build-only"]) return console.log(`built    ${out}`);
  const server = await serve(out, port).catch((error) => {
    const why = error.code === "EADDRINUSE" ? `port ${port} is taken: try --port 0` : error.message;
    console.error(`the page cannot be served: ${why}`);
    process.exit(1);
  });
  console.log(`open     http://localhost:${server.address().port}/   (Ctrl-C ends it)`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
