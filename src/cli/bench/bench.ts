import type { CAC } from "cac";
import { setNumThreads } from "../../backend/threads.js";
import { checkWord } from "../../check.js";
import { rangeError, show } from "../../errors.js";
import { checkGiven } from "../commandLine.js";
import { type FamilyName, familyNames } from "./case.js";
import { ratioChart } from "./chart/chart.js";
import { Drawing } from "./chart/draw.js";
import { casesNamed, chooseCases } from "./families/families.js";
import { goals, type Reached } from "./goals/goals.js";
import { goalCases, goalsEffort, runGoals } from "./goals/goalsRun.js";
import { formatGoals, goalsToMarkdown } from "./goals/goalsTable.js";
import { countThreads, describeMachine, describeThreads } from "./machine.js";
import { type Effort, fullEffort } from "./measure.js";
import { type BenchOptions, readPath, readSizes, refuseOptions } from "./options.js";
import { formatChanges } from "./report/comparison.js";
import { describeRatios, formatTable } from "./report/report.js";
import { readSaved, toSaved, writeSaved } from "./report/saved.js";
import { type Plan, type Result, runCase } from "./run.js";
import { formatScaling, type Grown, type Point, scalingChart, scalingPoints } from "./scaling.js";
import { bestOfBackends, chooseImplementations, passOver, Session } from "./session.js";

/** There are many points: less for each. */
const scalingEffort: Effort = { ...fullEffort, warmUpSeconds: 0.05, budgetSeconds: 1.5, most: 15 };

/** Beside the families. */
const otherWays = ["scaling", "goals"] as const;

/** `nn-embedding bench`: every implementation that works here, side by side, its bits looked at before it is timed. */
export function addBench(cli: CAC): void {
  cli
    .command(
      "bench [what]",
      `Time the work against plain JavaScript: ${familyNames.join(", ")}, or all of them; scaling: growth curves; goals: what is to be reached, and is`,
    )
    .usage(`bench [what]\n\n  what: ${[...familyNames, ...otherWays].join(", ")}; without it all but the last two`)
    .option("--case <names>", "Only these, such as G3u,M1")
    .option("--backend <name>", "Only this one, such as native, wasm or native:avx2")
    .option("--rows <count>", "Rows of the table: one case of one's own per family, in place of its cases")
    .option("--dim <count>", "Floats per row")
    .option(
      "--batch <count>",
      "Ids (gather, scatter-add), bags of 32 ids (bags) or hidden states (matmul, loss, top-k)",
    )
    .option("--threads <count>", "For ours, the peers and the limits (default: 1)")
    .option("--peers", "Also PyTorch, NumPy, onnxruntime and TensorFlow.js, those that are installed")
    .option("--peers-from <folder>", "A folder whose node_modules has peers")
    .option("--limit", "Also what the machine can do at best: memory and arithmetic")
    .option("--quick", "A glance: few samples, rough figures")
    .option("--json", "Print JSON alone, seconds per call")
    .option("--markdown", "goals: print Markdown alone")
    .option("--save <file>", "Write the same to a .json file")
    .option("--chart <file>", "Draw the ratios, or the growth curves, as .svg or .png")
    .option("--compare <file>", "Tell what became of a run that --save wrote")
    .example("  $ nn-embedding bench gather")
    .example("  $ nn-embedding bench --case G3u,M1 --peers --limit")
    .example("  $ nn-embedding bench matmul --rows 30000 --dim 384 --batch 8 --backend wasm")
    .action(bench);
}

async function bench(what: unknown, options: BenchOptions): Promise<void> {
  checkGiven({ ...options });
  if (options.peers === false) refuseOptions("--no-peers", options, ["peersFrom"]);
  if (what !== undefined) checkWord("what", what, [...familyNames, ...otherWays]);
  if (what === "goals") await benchGoals(options);
  else if (what === "scaling") await benchScaling(options);
  else await benchFamilies(what as FamilyName | undefined, options);
}

async function benchFamilies(family: FamilyName | undefined, options: BenchOptions): Promise<void> {
  refuseOptions("a family: it is for goals", options, ["markdown"]);
  if (options.case !== undefined) refuseOptions("--case: it has sizes of its own", options, ["rows", "dim", "batch"]);
  if (options.json) refuseOptions("--json, which prints nothing else", options, ["compare"]);
  const cases = chooseCases({ family, names: options.case, sizes: readSizes(options) });
  if (cases.every((each) => each.family === "staging")) {
    refuseOptions("staging, which nothing is compared with", options, ["peers", "peersFrom", "limit", "chart"]);
  }
  const savePath = await readPath("--save", options.save, [".json"]);
  const before = options.compare === undefined ? undefined : readSaved(String(options.compare));
  const chartPath = await readPath("--chart", options.chart, [".svg", ".png"]);
  const drawing = chartPath === undefined ? undefined : await Drawing.for(chartPath);
  const session = await Session.start(options);
  const { look, plan } = session;
  session.say(describeRatios(plan));
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
  if (chartPath !== undefined)
    await drawing!.write(chartPath, ratioChart(results, `${describeMachine()}; ${describeThreads(plan.threads)}`));
  if (before !== undefined) session.say(`\n${formatChanges(before, saved, look)}`);
  if (options.json) console.log(JSON.stringify(saved, null, 2));
}

/** The same work while tables, batches and threads grow. */
async function benchScaling(options: BenchOptions): Promise<void> {
  refuseOptions("scaling, which goes through them", options, ["rows", "batch", "threads"]);
  refuseOptions("scaling", options, ["dim", "case", "limit", "save", "compare", "markdown"]);
  const chartPath = await readPath("--chart", options.chart, [".svg", ".png"]);
  const drawing = chartPath === undefined ? undefined : await Drawing.for(chartPath);
  const session = await Session.start(options, scalingEffort);
  const implementations = bestOfBackends(session.plan.implementations);
  const numThreads = implementations.some(({ name }) => name === "native") ? countThreads() : 1;
  const points = scalingPoints(numThreads, options.quick === true);
  const grown: Grown[] = [];
  try {
    for (const [at, point] of points.entries()) {
      session.showProgress(`${point.case.name} (${at + 1} of ${points.length})`);
      setNumThreads(point.threads);
      const plan = planOf(point, { ...session.plan, implementations, limits: undefined });
      grown.push({ point, result: await runCase(point.case, plan).catch((error) => passOver(point.case, error)) });
    }
  } finally {
    setNumThreads(1);
    session.dispose();
  }
  session.say(`\n${formatScaling(grown, session.look)}`);
  if (options.json) {
    const told = grown.map(({ point, result }) => ({ ...point, case: result.case.shape, rows: result.rows }));
    console.log(JSON.stringify(told, null, 2));
  }
  if (chartPath !== undefined) await drawing!.write(chartPath, scalingChart(grown, describeMachine()));
}

/** Those that know of several threads, where a point has some: peers were started with one. */
function planOf({ threads }: Point, plan: Plan): Plan {
  if (threads === 1) return plan;
  const implementations = plan.implementations.filter(({ name }) => name === "native");
  return { ...plan, implementations, threads, plain: false, peers: undefined };
}

/** Each case of the goals, with the peers and limits that they name. */
async function benchGoals(options: BenchOptions): Promise<void> {
  refuseOptions("goals, which are for one thread, and two", options, ["threads"]);
  refuseOptions("goals", options, ["rows", "dim", "batch", "save", "compare", "chart"]);
  if (options.json) refuseOptions("--json, which prints nothing else", options, ["markdown"]);
  const cases = casesNamed(options.case, goalCases());
  const implementations = bestOfBackends(chooseImplementations(options.backend)).filter(({ name }) => name !== "js");
  if (implementations.length === 0) {
    const expected = "expected native or wasm with goals: the specification has none";
    throw rangeError("ERR_OUT_OF_RANGE", `--backend is ${show(options.backend)}, ${expected}`);
  }
  const session = await Session.start({ peers: true, limit: true, ...options }, goalsEffort);
  const plan = { ...session.plan, implementations };
  const reached: Reached[] = [];
  try {
    for (const [at, timedCase] of cases.entries()) {
      session.showProgress(`${timedCase.name} (${at + 1} of ${cases.length})`);
      try {
        reached.push(...(await runGoals(timedCase, plan, plan.peers)).reached);
      } catch (error) {
        const { notes } = passOver(timedCase, error);
        session.say(notes.join(" "));
        reached.push(...goals.filter((each) => each.case === timedCase.name));
      }
    }
  } finally {
    session.dispose();
  }
  const isAll = options.case === undefined;
  if (options.markdown) console.log(goalsToMarkdown(reached, isAll, describeMachine()));
  else if (options.json) console.log(JSON.stringify(reached, null, 2));
  else session.say(`\n${formatGoals(reached, isAll, session.look)}`);
}
