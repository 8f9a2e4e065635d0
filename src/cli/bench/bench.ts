import process from "node:process";
import type { CAC } from "cac";
import type { Backend } from "../../backend/backend.js";
import { implementationName, implementations as known, selectBackend } from "../../backend/select.js";
import { type Case, familyNames } from "./case.js";
import { formatChanges } from "./comparison.js";
import { chooseCases } from "./families/families.js";
import { limits } from "./limits.js";
import { describeLoad, describeMachine } from "./machine.js";
import { fullEffort, quickEffort } from "./measure.js";
import { type BenchOptions, readPath, readSizes, readThreads } from "./options.js";
import { Peers } from "./peers/peers.js";
import { formatTable, type Look } from "./report.js";
import { type Plan, type Result, runCase } from "./run.js";
import { readSaved, toSaved, writeSaved } from "./saved.js";
import { setThreads } from "./threads.js";

/** `nn-embedding bench`: every implementation that works here, side by side, its bits looked at before it is timed. */
export function addBench(cli: CAC): void {
  cli
    .command("bench [family]", `Time the work against plain JavaScript: ${familyNames.join(", ")}, or all of them`)
    .option("--case <names>", "Only these, such as G3u,M1")
    .option("--backend <name>", "Only this one, such as native, wasm or native:avx2")
    .option("--rows <count>", "Rows of the table: run one custom case per family")
    .option("--dim <count>", "Floats per row")
    .option(
      "--batch <count>",
      "Ids (gather, scatter-add), bags of 32 ids (bags) or hidden states (matmul, loss, top-k)",
    )
    .option("--threads <count>", "For ours, the peers and the limits (default: 1)")
    .option("--peers", "Also PyTorch, NumPy, onnxruntime and TensorFlow.js, those that are installed")
    .option("--peers-from <folder>", "A folder whose node_modules has peers")
    .option("--limit", "Also what the machine can do at best: memory and arithmetic")
    .option("--quick", "A glance in seconds: rough figures")
    .option("--json", "Print JSON, seconds per call")
    .option("--save <file>", "Write the same to a .json file")
    .option("--compare <file>", "Tell what became of a run that --save wrote")
    .example("  $ nn-embedding bench gather")
    .example("  $ nn-embedding bench --case G3u,M1 --peers --limit")
    .example("  $ nn-embedding bench matmul --rows 30000 --dim 384 --batch 8 --backend wasm")
    .action(bench);
}

async function bench(family: unknown, options: BenchOptions): Promise<void> {
  const cases = chooseCases({ family, names: options.case, sizes: readSizes(options) });
  const implementations = chooseImplementations(options.backend);
  const threads = readThreads(options);
  const savePath = readPath("--save", options.save, [".json"]);
  const before = options.compare === undefined ? undefined : readSaved(String(options.compare));
  const isJson = options.json === true;
  const say = (text: string): void => {
    if (!isJson) console.log(text);
  };
  const look: Look = {
    columns: process.stdout.columns ?? 100,
    colors: process.stdout.isTTY === true && !process.env.NO_COLOR,
    chosen: implementationName(selectBackend()),
  };
  const hasThreads = setThreads(threads);
  const peers =
    options.peers || options.peersFrom !== undefined ? await Peers.start(threads, options.peersFrom) : undefined;
  say(`${describeMachine()}\nCompare figures only within one run. * is what a layer uses here by default.`);
  const load = describeLoad();
  if (load !== undefined) say(load);
  if (threads > 1 && !hasThreads) say("Ours run on one thread: this build has no more.");
  if (options.limit && limits === undefined) say("No limits: only the native addon can measure them.");
  for (const sentence of peers?.describe(threads) ?? []) say(sentence);

  const results: Result[] = [];
  try {
    const plan: Plan = {
      implementations,
      effort: options.quick ? quickEffort : fullEffort,
      threads,
      plain: true,
      limits: options.limit ? limits : undefined,
      peers,
    };
    for (const [at, timedCase] of cases.entries()) {
      showProgress(timedCase, at, cases.length);
      results.push(await runOrSkip(timedCase, plan, cases.length > 1));
      showProgress();
      if (cases[at + 1]?.family === timedCase.family) continue;
      const ofFamily = results.filter((result) => result.case.family === timedCase.family);
      say(`\n${formatTable(timedCase.family, ofFamily, look)}`);
    }
  } finally {
    showProgress();
    peers?.dispose();
  }
  const names = peers?.all.map(({ name }) => name) ?? [];
  const saved = toSaved(results, { chosen: look.chosen, threads, peers: names });
  if (savePath !== undefined) writeSaved(savePath, saved);
  if (before !== undefined) say(`\n${formatChanges(before, saved, look)}`);
  if (isJson) console.log(JSON.stringify(saved, null, 2));
}

/** One of several that does not fit the memory is passed over with a note. */
async function runOrSkip(timedCase: Case, plan: Plan, isOneOfMany: boolean): Promise<Result> {
  try {
    return await runCase(timedCase, plan);
  } catch (error) {
    if (!isOneOfMany || (error as { code?: string }).code !== "ERR_OUT_OF_MEMORY") throw error;
    return { case: timedCase, rows: [], notes: [`Passed over: ${(error as Error).message}.`] };
  }
}

/** All that work here; of one name ("native") all its instruction sets. */
function chooseImplementations(name: unknown): Backend[] {
  const wanted = name === undefined ? undefined : String(name);
  if (wanted !== undefined) selectBackend(wanted); // throws what a layer would throw
  return known()
    .filter((each) => wanted === undefined || each.name === wanted || implementationName(each) === wanted)
    .flatMap((each) => ("backend" in each ? [each.backend] : []));
}

/** One line that the next one overwrites; without a case it is wiped. Nothing where nobody watches. */
function showProgress(timedCase?: Case, at = 0, count = 0): void {
  if (process.stderr.isTTY !== true) return;
  process.stderr.write(timedCase ? `\r\x1b[Kmeasuring ${timedCase.name} (${at + 1} of ${count})` : "\r\x1b[K");
}
