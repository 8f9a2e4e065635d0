import process from "node:process";
import type { Backend } from "../../backend/backend.js";
import { implementationName, implementations as known, selectBackend } from "../../backend/select.js";
import { setNumThreads } from "../../backend/threads.js";
import type { Case } from "./case.js";
import { describeLoad, describeMachine, describeThreads } from "./machine.js";
import { type Effort, fullEffort, quickEffort } from "./measure.js";
import { type BenchOptions, readThreads } from "./options.js";
import { type PeerId, Peers } from "./peers/peers.js";
import type { Look } from "./report/table.js";
import { type Plan, type Result, runCase } from "./run.js";
import { limits } from "./setup/limits.js";

/** What all ways of the bench have in common: who takes part, and how one talks to the reader. */
export class Session {
  readonly look: Look;
  readonly plan: Plan;
  readonly #isQuiet: boolean;

  private constructor(look: Look, plan: Plan, isQuiet: boolean) {
    this.look = look;
    this.plan = plan;
    this.#isQuiet = isQuiet;
  }

  /**
   * Reads the options, starts the peers that are asked for, and says what the reader has to know.
   *
   * @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE], [ERR_UNKNOWN_BACKEND], [ERR_BACKEND_UNSUPPORTED]
   */
  static async start(options: BenchOptions, effort: Effort = fullEffort, ids?: readonly PeerId[]): Promise<Session> {
    const implementations = chooseImplementations(options.backend);
    const threads = readThreads(options);
    const look = {
      columns: process.stdout.columns ?? 100,
      colors: process.stdout.isTTY === true && !process.env.NO_COLOR,
      chosen: implementationName(selectBackend()),
    };
    setNumThreads(threads);
    const wantsPeers = options.peers || options.peersFrom !== undefined;
    const peers = wantsPeers ? await Peers.start(threads, options.peersFrom, ids) : undefined;
    const plan = {
      implementations,
      effort: options.quick ? quickEffort : effort,
      threads,
      plain: true,
      limits: options.limit ? limits : undefined,
      peers,
    };
    const session = new Session(look, plan, options.json === true || options.markdown === true);
    session.say(`${describeMachine()}; ${describeThreads(threads)}`);
    session.say("Compare figures only within one run. * is what a layer uses here by default.");
    const load = describeLoad();
    if (load !== undefined) session.say(load);
    if (options.limit && limits === undefined) session.say("No limits: only the native addon can measure them.");
    for (const sentence of peers?.describe(threads) ?? []) session.say(sentence);
    return session;
  }

  /** Nothing but the result where that is data. */
  say(text: string): void {
    if (!this.#isQuiet) console.log(text);
  }

  /** One line that the next one overwrites; without a text it is wiped. Nothing where nobody watches. */
  showProgress(text?: string): void {
    if (process.stderr.isTTY !== true) return;
    process.stderr.write(text === undefined ? "\r\x1b[K" : `\r\x1b[Kmeasuring ${text}`);
  }

  /** Runs a case; one of several that does not fit the memory is passed over with a note. */
  async run(timedCase: Case, isOneOfMany: boolean): Promise<Result> {
    try {
      return await runCase(timedCase, this.plan);
    } catch (error) {
      if (!isOneOfMany) throw error;
      return passOver(timedCase, error);
    }
  }

  dispose(): void {
    this.showProgress();
    this.plan.peers?.dispose();
  }
}

/** The result of a case that does not fit the memory; any other error is thrown on. */
export function passOver(timedCase: Case, error: unknown): Result {
  if ((error as { code?: string }).code !== "ERR_OUT_OF_MEMORY") throw error;
  return { case: timedCase, rows: [], notes: [`Passed over: ${(error as Error).message}.`] };
}

/** All that work here; of one name ("native") all its instruction sets. */
export function chooseImplementations(name: unknown): Backend[] {
  const wanted = name === undefined ? undefined : String(name);
  if (wanted !== undefined) selectBackend(wanted); // throws what a layer would throw
  return known()
    .filter((each) => wanted === undefined || each.name === wanted || implementationName(each) === wanted)
    .flatMap((each) => ("backend" in each ? [each.backend] : []));
}

/** What is compared where much has to be measured: the best implementation of each backend. */
export function bestOfBackends(implementations: readonly Backend[]): Backend[] {
  return implementations.filter(({ name }, at) => implementations.findIndex((each) => each.name === name) === at);
}
