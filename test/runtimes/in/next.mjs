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

/** Next.js, built and started, its two bundlers: a route of the edge runtime and one of Node. */
export const runtimes = ["turbopack", "webpack"].flatMap((bundler) => [
  { name: `Next.js edge route (${bundler})`, isSlow: true, needs: [], run: (context) => ask(context, bundler, "edge") },
  {
    name: `Next.js Node route (${bundler})`,
    isSlow: true,
    needs: [],
    run: (context) => ask(context, bundler, "nodejs"),
  },
]);

async function ask(context, bundler, runtime) {
  const response = await fetchFrom(context, bundler, runtime);
  return { ...(await answerOf(response)), firstLookup: undefined };
}

const made = { project: undefined, bundler: undefined };

/** What a path of the project answers, built by that bundler. One project for all, built anew for another bundler. */
export async function fetchFrom(context, bundler, path) {
  made.project ??= makeNextProject(context);
  const { project } = made;
  const next = join(project, "node_modules/next/dist/bin/next");
  if (made.bundler !== bundler) {
    rmSync(join(project, ".next"), { recursive: true, force: true });
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
  writePageOf("vercel.md", project);
  for (const runtime of ["edge", "nodejs"]) {
    mkdirSync(join(project, "app", runtime), { recursive: true });
    writeFileSync(join(project, "app", runtime, "route.js"), route(runtime));
  }
  const layout = "export default ({ children }) => <html><body>{children}</body></html>;";
  writeFileSync(join(project, "app/layout.jsx"), layout);
  return project;
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
