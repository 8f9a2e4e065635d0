/** What an isolate at the edge allows: 128 MB, and little time to start. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { pid, platform } from "node:process";
import { pathToFileURL } from "node:url";
import { importTool } from "../support.mjs";
import { bundleWorker } from "./workerd.mjs";

const mostBytes = 128e6;

/** Checks beside the digests: each gives a sentence, or throws. */
export const checks = [
  { name: "128 MB", needs: ["miniflare", "esbuild"], run: checkMemory },
  { name: "start-up", needs: ["miniflare", "esbuild"], run: measureStartUp },
];

async function startWorker(options) {
  const { Miniflare } = await importTool("miniflare");
  return new Miniflare({ cf: false, modulesRoot: "/", compatibilityDate: "2026-06-01", ...options });
}

/**
 * A worker with tables of 79 MB serves prompts. Local workerd enforces no limit, so ours is held against two numbers: the linear memory,
 * and (on Linux) what the whole process grew by at its peak, against one with an empty worker.
 */
async function checkMemory({ project }) {
  const model = await import(pathToFileURL(join(project, "assistant.js")).href);
  const { answers: expected } = await model.default.fetch().json();
  const peaks = [];
  let served;
  for (const entry of ["empty.js", "assistant.js"]) {
    const before = new Set(childrenOf(pid));
    const miniflare = await startWorker({ modules: await bundleWorker(project, entry) });
    try {
      await miniflare.ready;
      const response = await miniflare.dispatchFetch("http://localhost/");
      served = JSON.parse(await response.text());
      peaks.push(peakOf(childrenOf(pid).filter((child) => !before.has(child))));
    } finally {
      await miniflare.dispose();
    }
  }
  const { answers, linearMemory, implementation } = served;
  if (answers.join() !== expected.join()) throw new Error("the worker's rows and tokens are not Node's");
  const grown = peaks[1] - peaks[0];
  if (platform === "linux" && Number.isNaN(grown)) throw new Error("Linux does not say how much memory workerd held");
  const told = `tables of 79 MB on ${implementation}: linear memory ${inMB(linearMemory)}, the process grew by ${inMB(grown)}`;
  if (linearMemory > mostBytes || grown > mostBytes) throw new Error(`${told}, expected at most 128 MB`);
  return `${told}; 20 prompts of 64 tokens and their top 8 as in Node`;
}

function childrenOf(process) {
  try {
    const path = `/proc/${process}/task`;
    return readdirSync(path).flatMap((task) =>
      readFileSync(`${path}/${task}/children`, "utf8").split(" ").filter(Boolean),
    );
  } catch {
    return []; // no Linux
  }
}

/** The most memory these processes ever held, in bytes; NaN where nobody tells. */
function peakOf(processes) {
  if (processes.length === 0) return Number.NaN;
  return processes.reduce((sum, process) => {
    return sum + 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${process}/status`, "utf8"))[1]);
  }, 0);
}

function inMB(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** What the first lookup may add to an isolate's start, in milliseconds, where an empty one answers as soon as it does on a machine at rest. */
const mostStartUp = 5;
const emptyAtRest = 7.5;

/**
 * From the request until the answer of an isolate that was started for it, with the package's first lookup and without the package, in
 * turns. A machine that is busy, or slow, is told by the empty isolate: where that takes longer than it should, so may the lookup; and what
 * misses is measured again, for the work of others comes and goes.
 */
async function measureStartUp({ project, attempts = 3 }) {
  const [loader] = await bundleWorker(project, "loader.js");
  const miniflare = await startWorker({ modules: [loader], workerLoaders: { loader: {} } });
  const entries = ["empty.js", "lookup.js"];
  try {
    for (const entry of entries) {
      const [main, ...wasm] = await bundleWorker(project, entry, { minify: true });
      const bytes = Object.fromEntries(wasm.map(({ path, contents }) => [path.slice(1), [...contents]]));
      const body = JSON.stringify({ main: main.contents, wasm: bytes });
      await (await miniflare.dispatchFetch(`http://localhost/${entry}`, { method: "POST", body })).text();
    }
    const misses = [];
    for (let attempt = 0; attempt < attempts; attempt++) {
      const { empty, lookup, more, rounds } = await timeStarts(miniflare, entries);
      const told = `an isolate answers with its first lookup after ${lookup.toFixed(1)} ms, an empty one after ${empty.toFixed(1)}: ${more.toFixed(1)} ms more (medians of ${rounds} pairs)`;
      const most = mostStartUp * Math.max(1, empty / emptyAtRest);
      if (more < most) return told;
      misses.push(`${told}, expected less than ${most.toFixed(1)}`);
    }
    throw new Error(misses.join("; "));
  } finally {
    await miniflare.dispose();
  }
}

async function timeStarts(miniflare, entries, rounds = 60) {
  const times = [[], []];
  for (let round = -5; round < rounds; round++) {
    for (const [i, entry] of entries.entries()) {
      const start = performance.now();
      const response = await miniflare.dispatchFetch(`http://localhost/${entry}`);
      const text = await response.text();
      if (text !== "4096") throw new Error(`answered ${response.status}: ${text.slice(0, 1000)}`);
      if (round >= 0) times[i].push(performance.now() - start);
    }
  }
  const [empty, lookup] = times.map(median);
  return { empty, lookup, more: median(times[1].map((time, round) => time - times[0][round])), rounds };
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
