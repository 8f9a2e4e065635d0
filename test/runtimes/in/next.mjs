import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { arch, execPath, platform } from "node:process";
import { answerOf, makeProject, root, run, startServer } from "../support.mjs";
import { versions } from "../versions.mjs";
import { writePageOf } from "./pages.mjs";

const route = (runtime) => `import worker from "../../worker.js";
export const runtime = "${runtime}";
export const dynamic = "force-dynamic";
export const GET = () => worker.fetch();
`;

const pagesRoute = `import worker from "../../worker.js";
export const config = { runtime: "edge" };
export default () => worker.fetch();
`;

/**
 * Next.js, built by its two bundlers and started where it was built: a route of the edge runtime and one of Node; and built as src/docs
 * says for a server that is carried elsewhere. With webpack Next 16.4 builds no edge route of app/ at all, not even an empty one (ENOENT,
 * route_client-reference-manifest.js): there it is one of pages/.
 */
export const runtimes = [
  { bundler: "webpack", kind: "edge", path: "api/edge", backend: "wasm" },
  { bundler: "webpack", kind: "Node", path: "nodejs", backend: "native" },
  { bundler: "webpack", kind: "Node", path: "nodejs", backend: "native", isStandalone: true },
  { bundler: "turbopack", kind: "edge", path: "edge", backend: "wasm" }, // last: what src/docs says is asked of the same build
  { bundler: "turbopack", kind: "Node", path: "nodejs", backend: "native" },
].map(({ bundler, kind, path, backend, isStandalone = false }) => ({
  name: `Next.js ${kind} route, ${bundler}${isStandalone ? ", standalone" : ""}`,
  needs: [],
  async run(context) {
    const answer = await answerOf(await fetchFrom(context, { bundler, isStandalone }, path));
    const expected = existsSync(join(root, `prebuilds/${platform}-${arch}`)) ? backend : "wasm";
    if (!answer.chosen.startsWith(expected)) throw new Error(`${answer.chosen} was chosen, expected ${expected}`);
    return { ...answer, firstLookup: undefined };
  },
}));

const made = { project: undefined, build: undefined, start: undefined };

/** What a path of the project answers, built like that. One project for all, built anew when that is another. */
export async function fetchFrom(context, build, path) {
  made.project ??= makeNextProject(context);
  if (JSON.stringify(build) !== made.build) {
    made.start = buildProject(context, build);
    made.build = JSON.stringify(build);
  }
  const { args, cwd } = made.start;
  const port = `${await freePort()}`;
  const env = { PORT: port, HOSTNAME: "127.0.0.1" };
  const server = await startServer(execPath, args, { cwd, env, ready: /Ready in/ });
  try {
    const response = await fetch(`http://127.0.0.1:${port}/${path}`);
    return new Response(await response.text(), response); // before the server is gone
  } finally {
    server.stop();
  }
}

/** Builds the project; how it is started. */
function buildProject({ shared }, { bundler, isStandalone }) {
  const { project } = made;
  const next = join(project, "node_modules/next/dist/bin/next");
  for (const each of [".next", "app/edge", "app/api", "pages"]) remove(join(project, each));
  writeRoutes(project, bundler);
  if (!isStandalone) remove(join(project, "next.config.mjs"));
  run(execPath, [next, "build", `--${bundler}`], { cwd: project, env: { NEXT_TELEMETRY_DISABLED: "1" } });
  if (!isStandalone) return { args: [next, "start"], cwd: project };
  const elsewhere = join(shared, "elsewhere");
  renameSync(join(project, ".next/standalone"), elsewhere);
  made.project = `${project}-away`; // what was carried must do without
  renameSync(project, made.project);
  return { args: ["server.js"], cwd: elsewhere };
}

function makeNextProject({ shared, tarball }) {
  const packages = ["next", "react", "react-dom"].map((name) => `${name}@${versions[name]}`);
  const project = makeProject(join(shared, "next"), tarball, ...packages);
  const layout = "export default ({ children }) => <html><body>{children}</body></html>;";
  mkdirSync(join(project, "app"));
  writeFileSync(join(project, "app/layout.jsx"), layout);
  return project;
}

function writeRoutes(project, bundler) {
  writePageOf("vercel.md", project);
  for (const runtime of bundler === "webpack" ? ["nodejs"] : ["edge", "nodejs"]) {
    mkdirSync(join(project, "app", runtime), { recursive: true });
    writeFileSync(join(project, "app", runtime, "route.js"), route(runtime));
  }
  mkdirSync(join(project, "pages/api"), { recursive: true });
  writeFileSync(join(project, "pages/api/edge.js"), pagesRoute);
}

function remove(path) {
  rmSync(path, { recursive: true, force: true });
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
