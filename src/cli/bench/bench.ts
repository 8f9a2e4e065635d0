import type { CAC } from "cac";
import { checkWord } from "../../check.js";
import { rangeError, show } from "../../errors.js";
import { type FamilyName, familyNames } from "./case.js";
import { formatChanges } from "./comparison.js";
import { chooseCases } from "./families/families.js";
import type { Reached } from "./goals.js";
import { bestOfEach, goalCases, goalsEffort, runGoals } from "./goalsRun.js";
import { formatGoals, goalsToMarkdown } from "./goalsTable.js";
import { limits } from "./limits.js";
import { describeMachine } from "./machine.js";
import { type BenchOptions, readPath, readSizes } from "./options.js";
import { formatTable } from "./report.js";
import type { Result } from "./run.js";
import { readSaved, toSaved, writeSaved } from "./saved.js";
import { passOver, Session } from "./session.js";

/** Beside the families. */
const otherWays = ["goals"] as const;

/** `nn-embedding bench`: every implementation that works here, side by side, its bits looked at before it is timed. */
export function addBench(cli: CAC): void {
  cli
    .command(
      "bench [what]",
      `Time the work against plain JavaScript: ${familyNames.join(", ")}, or all of them; or goals: what is to be reached, and is`,
    )
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
    .option("--markdown", "Print Markdown (goals)")
    .option("--save <file>", "Write the same to a .json file")
    .option("--compare <file>", "Tell what became of a run that --save wrote")
    .example("  $ nn-embedding bench gather")
    .example("  $ nn-embedding bench --case G3u,M1 --peers --limit")
    .example("  $ nn-embedding bench matmul --rows 30000 --dim 384 --batch 8 --backend wasm")
    .action(bench);
}

async function bench(what: unknown, options: BenchOptions): Promise<void> {
  if (what !== undefined) checkWord("what to bench", what, [...familyNames, ...otherWays]);
  if (what === "goals") await benchGoals(options);
  else await benchFamilies(what as FamilyName | undefined, options);
}

async function benchFamilies(family: FamilyName | undefined, options: BenchOptions): Promise<void> {
  const cases = chooseCases({ family, names: options.case, sizes: readSizes(options) });
  const savePath = readPath("--save", options.save, [".json"]);
  const before = options.compare === undefined ? undefined : readSaved(String(options.compare));
  const session = await Session.start(options);
  const { look, plan } = session;
  const results: Result[] = [];
  try {
    for (const [at, timedCase] of cases.entries()) {
      session.showProgress(`${timedCase.name} (${at + 1} of ${cases.length})`);
      results.push(await session.run(timedCase, cases.length > 1));
      session.showProgress();
      if (cases[at + 1]?.family === timedCase.family) continue;
      const ofFamily = results.filter((result) => result.case.family === timedCase.family);
      session.say(`\n${formatTable(timedCase.family, ofFamily, look)}`);
    }
  } finally {
    session.dispose();
  }
  const peers = plan.peers?.all.map(({ name }) => name) ?? [];
  const saved = toSaved(results, { chosen: look.chosen, threads: plan.threads, peers });
  if (savePath !== undefined) writeSaved(savePath, saved);
  if (before !== undefined) session.say(`\n${formatChanges(before, saved, look)}`);
  if (options.json) console.log(JSON.stringify(saved, null, 2));
}

/** Each case of the goals, with the peers and limits that they name. */
async function benchGoals(options: BenchOptions): Promise<void> {
  const all = goalCases();
  const names = options.case === undefined ? undefined : String(options.case).split(",");
  const known = all.map(({ name }) => name);
  for (const name of names ?? []) checkWord("--case", name, known);
  const cases = all.filter(({ name }) => names === undefined || names.includes(name));
  if (options.threads !== undefined) {
    throw rangeError(
      "ERR_OUT_OF_RANGE",
      `--threads is ${show(options.threads)}, expected none: goals are for one thread, and two`,
    );
  }
  const session = await Session.start({ ...options, peers: true }, goalsEffort);
  const plan = { ...session.plan, limits, implementations: bestOfEach(session.plan.implementations) };
  const results: Result[] = [];
  const reached: Reached[] = [];
  try {
    for (const [at, timedCase] of cases.entries()) {
      session.showProgress(`${timedCase.name} (${at + 1} of ${cases.length})`);
      try {
        const done = await runGoals(timedCase, plan, plan.peers);
        results.push(done.result);
        reached.push(...done.reached);
      } catch (error) {
        const { notes } = passOver(timedCase, error);
        session.say(notes.join(" "));
      }
    }
  } finally {
    session.dispose();
  }
  if (options.markdown) console.log(goalsToMarkdown(reached, describeMachine()));
  else if (options.json) console.log(JSON.stringify(reached, null, 2));
  else session.say(`\n${formatGoals(reached, session.look)}`);
}
