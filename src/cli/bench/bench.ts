import process from "node:process";
import type { CAC } from "cac";
import type { Backend } from "../../backend/backend.js";
import { implementationName, implementations as known, selectBackend } from "../../backend/select.js";
import { type Case, chooseCases, kernels } from "./cases.js";
import { fullEffort, quickEffort } from "./measure.js";
import { OpenBlas } from "./openblas.js";
import { describeLoad, describeMachine, formatTable, toJson } from "./report.js";
import { type Result, runCase } from "./run.js";

interface BenchOptions {
  readonly backend?: unknown;
  readonly rows?: unknown;
  readonly dim?: unknown;
  readonly batch?: unknown;
  readonly quick?: boolean;
  readonly peers?: boolean;
  readonly json?: boolean;
}

/** `nn-embedding bench`: every implementation that works here, side by side, its bits looked at before it is timed. */
export function addBench(cli: CAC): void {
  cli
    .command("bench [kernel]", `Time the kernels against plain JavaScript: ${kernels.join(", ")}, or all of them`)
    .option("--backend <name>", "Only this one, such as native, wasm or native:avx2")
    .option("--rows <count>", "Rows of the table: run one custom case per kernel")
    .option("--dim <count>", "Floats per row")
    .option("--batch <count>", "Ids (gather, scatter-add), bags of 32 ids (bags) or hidden states (matmul)")
    .option("--peers", "Also multiply with numpy's OpenBLAS, where python3 has numpy")
    .option("--quick", "A glance in seconds: rough figures")
    .option("--json", "Print JSON, seconds per call")
    .example("  $ nn-embedding bench gather")
    .example("  $ nn-embedding bench matmul --rows 30000 --dim 384 --batch 8 --backend wasm")
    .action(bench);
}

async function bench(kernel: unknown, options: BenchOptions): Promise<void> {
  const cases = chooseCases(kernel, options);
  const implementations = chooseImplementations(options.backend);
  const effort = options.quick ? quickEffort : fullEffort;
  const isJson = options.json === true;
  const peer = options.peers && cases.some((each) => each.kernel === "matmul") ? await OpenBlas.start() : undefined;
  const say = (text: string): void => {
    if (!isJson) console.log(text);
  };
  const look = {
    columns: process.stdout.columns ?? 100,
    colors: process.stdout.isTTY === true && !process.env.NO_COLOR,
    chosen: implementationName(selectBackend()),
  };

  say(`${describeMachine()}\nCompare figures only within one run. * is what a layer uses here by default.`);
  const load = describeLoad();
  if (load !== undefined) say(load);
  if (peer) say(peer.description);
  else if (options.peers) say("No peers: no python3 here has numpy.");
  const results: Result[] = [];
  try {
    for (const [at, timedCase] of cases.entries()) {
      showProgress(timedCase, at, cases.length);
      results.push(await runCase(timedCase, implementations, effort, peer));
      showProgress();
      if (cases[at + 1]?.kernel === timedCase.kernel) continue;
      const family = results.filter((result) => result.case.kernel === timedCase.kernel);
      say(`\n${formatTable(timedCase.kernel, family, look)}`);
    }
  } finally {
    showProgress();
    peer?.dispose();
  }
  if (isJson) console.log(JSON.stringify(toJson(results, look.chosen, peer?.description), null, 2));
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
