import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { answerOf, makeProject, run, startServer } from "../support.mjs";
import { versions } from "../versions.mjs";

const route = (runtime) => `import worker from "../../worker.js";
export const runtime = "${runtime}";
export const dynamic = "force-dynamic";
export const GET = () => worker.fetch();
`;

/** Next.js, built and started, its two bundlers: a route of the edge runtime and one of Node. */
export const runtimes = ["turbopack", "webpack"].flatMap((bundler) => [
  { name: `Next.js edge route (${bundler})`, isSlow: true, needs: [], run: (context) => ask(context, bundler, "edge") },
  { name: `Next.js Node route (${bundler})`, isSlow: true, needs: [], run: (context) => ask(context, bundler, "nodejs") },
]);

const built = new Map();

async function ask(context, bundler, runtime) {
  const project = join(context.shared, "next");
  if (!built.has("project")) {
    const packages = ["next", "react", "react-dom"].map((name) => `${name}@${versions[name]}`);
    built.set("project", makeProject(project, context.tarball, ...packages));
    for (const each of ["edge", "nodejs"]) {
      mkdirSync(join(project, "app", each), { recursive: true });
      writeFileSync(join(project, "app", each, "route.js"), route(each));
    }
    const layout = "export default ({ children }) => <html><body>{children}</body></html>;";
    writeFileSync(join(project, "app/layout.jsx"), layout);
  }
  const next = join(project, "node_modules/next/dist/bin/next");
  if (built.get("bundler") !== bundler) {
    rmSync(join(project, ".next"), { recursive: true, force: true });
    run(process.execPath, [next, "build", `--${bundler}`], { cwd: project, env: { NEXT_TELEMETRY_DISABLED: "1" } });
    built.set("bundler", bundler);
  }
  const port = await freePort();
  const server = await startServer(process.execPath, [next, "start", "-p", `${port}`, "-H", "127.0.0.1"], {
    cwd: project,
    ready: /Ready in/,
  });
  try {
    const response = await fetch(`http://127.0.0.1:${port}/${runtime}`);
    return { ...(await answerOf(response)), firstLookup: undefined };
  } finally {
    server.stop();
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
