import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { answerOf, makeProject, run, startServer } from "../support.mjs";
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
 * Next.js, built by its two bundlers and started: a route of the edge runtime and one of Node. With webpack Next 16.4 builds no edge route
 * of app/ at all, not even an empty one (ENOENT, route_client-reference-manifest.js): there it is one of pages/.
 */
export const runtimes = [
  { bundler: "turbopack", kind: "edge", path: "edge" },
  { bundler: "turbopack", kind: "Node", path: "nodejs" },
  { bundler: "webpack", kind: "edge", path: "api/edge" },
  { bundler: "webpack", kind: "Node", path: "nodejs" },
].map(({ bundler, kind, path }) => ({
  name: `Next.js ${kind} route, ${bundler}`,
  isSlow: true,
  needs: [],
  run: (context) => ask(context, bundler, path),
}));

async function ask(context, bundler, path) {
  const response = await fetchFrom(context, bundler, path);
  return { ...(await answerOf(response)), firstLookup: undefined };
}

const made = { project: undefined, bundler: undefined };

/** What a path of the project answers, built by that bundler. One project for all, built anew for another bundler. */
export async function fetchFrom(context, bundler, path) {
  made.project ??= makeNextProject(context);
  const { project } = made;
  const next = join(project, "node_modules/next/dist/bin/next");
  if (made.bundler !== bundler) {
    writeRoutes(project);
    const unable = bundler === "webpack" ? ["app/edge", "app/api"] : [];
    for (const each of [".next", ...unable]) rmSync(join(project, each), { recursive: true, force: true });
    run(process.execPath, [next, "build", `--${bundler}`], { cwd: project, env: { NEXT_TELEMETRY_DISABLED: "1" } });
    made.bundler = bundler;
  }
  const port = await freePort();
  const args = [next, "start", "-p", `${port}`, "-H", "127.0.0.1"];
  const server = await startServer(process.execPath, args, { cwd: project, ready: /Ready in/ });
  try {
    const response = await fetch(`http://127.0.0.1:${port}/${path}`);
    return new Response(await response.text(), response); // before the server is gone
  } finally {
    server.stop();
  }
}

function makeNextProject({ shared, tarball }) {
  const packages = ["next", "react", "react-dom"].map((name) => `${name}@${versions[name]}`);
  const project = makeProject(join(shared, "next"), tarball, ...packages);
  const layout = "export default ({ children }) => <html><body>{children}</body></html>;";
  mkdirSync(join(project, "app"));
  writeFileSync(join(project, "app/layout.jsx"), layout);
  return project;
}

function writeRoutes(project) {
  writePageOf("vercel.md", project);
  for (const runtime of ["edge", "nodejs"]) {
    mkdirSync(join(project, "app", runtime), { recursive: true });
    writeFileSync(join(project, "app", runtime, "route.js"), route(runtime));
  }
  mkdirSync(join(project, "pages/api"), { recursive: true });
  writeFileSync(join(project, "pages/api/edge.js"), pagesRoute);
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
