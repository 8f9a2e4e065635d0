/**
 * node test/runtimes/run.mjs [NAME…] [--strict] [--markdown]: the packed tarball in real runtimes, each with a fresh project; the
 * digest of all that inside/conformance.js computes must be the specification's, which is what Node computes in plain JavaScript.
 *
 * NAME is the beginning of a runtime's name in the table. What a runtime needs comes from npm into a folder that is kept (versions.mjs);
 * what is not to be had is named and skipped, and fails under CI or --strict.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env, execPath } from "node:process";
import { parseArgs } from "node:util";
import { pack } from "../package/pack.mjs";
import { runtimes as browsers } from "./in/browsers.mjs";
import { runtimes as bun } from "./in/bun.mjs";
import { runtimes as deno } from "./in/deno.mjs";
import { checks as docs } from "./in/docs.mjs";
import { checks as edge } from "./in/edge.mjs";
import { runtimes as edgeRuntime } from "./in/edgeRuntime.mjs";
import { runtimes as next } from "./in/next.mjs";
import { runtimes as node } from "./in/node.mjs";
import { runtimes as workerd } from "./in/workerd.mjs";
import { installTools, lastLine, Missing, makeProject, run } from "./support.mjs";
import { printTable } from "./table.mjs";

const checks = [...edge, ...docs];
const all = [...node, ...bun, ...deno, ...workerd, ...edgeRuntime, ...browsers, ...next];

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { strict: { type: "boolean" }, markdown: { type: "boolean" } },
});
const isAsked = ({ name }) =>
  names.length === 0 || names.some((each) => name.toLowerCase().startsWith(each.toLowerCase()));
const asked = all.filter(isAsked);
const askedChecks = checks.filter(isAsked);
if (asked.length + askedChecks.length === 0) {
  throw new Error(`expected the beginning of one of ${[...all, ...checks].map(({ name }) => name).join("; ")}`);
}

const shared = mkdtempSync(join(tmpdir(), "nn-embedding-in-"));
try {
  const tarball = pack(shared);
  const project = makeProject(join(shared, "project"), tarball);
  const js = { NN_EMBEDDING_BACKEND: "js" };
  const specification = lastLine(run(execPath, ["main.js", "chosen"], { cwd: project, env: js })).digests["js:scalar"];
  console.log(`the specification's digest: ${specification}`);
  const context = { shared, tarball, project, specification };
  const rows = [];
  for (const runtime of asked) rows.push(await attempt(runtime, () => tabulate(runtime, context)));
  const sentences = [];
  for (const check of askedChecks) {
    const sentence = await attempt(check, () => check.run(context));
    sentences.push(`${check.name}: ${sentence ?? "not checked"}`);
  }
  printTable(
    ["runtime", "backend", "digest", "the same digest from", "first lookup", "conformance"],
    rows.filter((row) => row !== undefined),
    options.markdown,
  );
  console.log(sentences.join("\n"));
} finally {
  rmSync(shared, { recursive: true, force: true, maxRetries: 3 });
}

/** Installs what is needed and tries; undefined where that is not to be had or fails, which is told at once. */
async function attempt({ name, needs }, run) {
  try {
    try {
      installTools(needs);
    } catch ({ message }) {
      throw new Missing(`npm does not install ${needs.join(", ")}: ${message}`);
    }
    const start = Date.now();
    const result = await run();
    console.error(`${name}: ${((Date.now() - start) / 1000).toFixed(1)} s`);
    return result;
  } catch (error) {
    if (!(error instanceof Missing)) fail(`${name}: ${error.stack ?? error}`);
    else if (env.CI || options.strict) fail(`${name}: ${error.message}`);
    else console.error(`SKIPPED: ${name}: ${error.message}`);
    return undefined;
  }
}

/** A row of the table. */
async function tabulate({ name, run: start }, context) {
  const folder = join(context.shared, name.replace(/\W+/g, "-"));
  mkdirSync(folder);
  const { chosen, digests, firstLookup, milliseconds } = await start({ ...context, folder });
  if (digests[chosen] === undefined) throw new Error(`nothing was computed on ${chosen}`);
  const wrong = Object.entries(digests).filter(([, digest]) => digest !== context.specification);
  for (const [backend, digest] of wrong) fail(`${name}: the digest of ${backend} is ${digest}`);
  const others = Object.keys(digests).filter((each) => each !== chosen && digests[each] === context.specification);
  return [name, chosen, digests[chosen], others.join(", "), inMilliseconds(firstLookup), inMilliseconds(milliseconds)];
}

function inMilliseconds(time) {
  return time === undefined ? "" : `${time.toFixed(0)} ms`;
}

function fail(why) {
  console.error(`FAILED: ${why}`);
  process.exitCode = 1;
}
