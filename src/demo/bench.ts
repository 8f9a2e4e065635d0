import { backends } from "nn-embedding";
import { type BenchCase, prepareCases } from "./benchCases.js";
import { button, byId, element } from "./elements.js";

/** The specification first: it is what the others are compared with. */
const implementations = ["js", "wasm:scalar", "wasm:simd"];

const rounds = 9;

/** Milliseconds that a sample lasts at least: a browser's clock may tick in whole ones. */
const sampleTime = 10;

/** One implementation's line in the table of a job. */
interface Line {
  readonly implementation: string;
  readonly row: HTMLTableRowElement;
  readonly bar: HTMLElement;
  readonly time: HTMLElement;
  readonly ratio: HTMLElement;
  readonly bits: HTMLElement;
}

interface Contestant {
  readonly job: BenchCase;
  readonly line: Line;
  repeats: number;
  readonly samples: number[];
}

/** Section 7: the same bits, and how long they take here. */
export function startBench(): void {
  const status = element("p", { class: "small", role: "status" }, "Takes a few seconds.");
  const table = element("div", { class: "bench" });
  const start = button("Run the benchmark", () => void measure(), "button main");
  byId("bench").append(element("div", { class: "controls" }, start), status, table);

  async function measure(): Promise<void> {
    // Not disabled, which would take the focus away.
    if (start.ariaDisabled === "true") return;
    start.ariaDisabled = "true";
    try {
      await compareAndTime(table, (text) => {
        status.textContent = text;
      });
    } catch (error) {
      status.textContent = `The benchmark stopped: ${error instanceof Error ? error.message : error}`;
    }
    start.ariaDisabled = "false";
  }
}

async function compareAndTime(host: HTMLElement, say: (text: string) => void): Promise<void> {
  const known = new Map(backends().map((each) => [`${each.name}:${each.isa}`.replace("js:scalar", "js"), each]));
  const supported = implementations.filter((name) => known.get(name)?.supported);
  say("Making the tables.");
  await nextTask();
  const prepared = supported.map((name) => prepareCases(name));
  const jobs = prepared[0].cases;
  host.replaceChildren();
  const missing = implementations.filter((name) => !supported.includes(name));
  const contests: Contestant[][] = [];
  for (const [i, { name, what }] of jobs.entries()) {
    const lines = supported.map(makeLine);
    const refused = missing.map((each) =>
      element("p", { class: "small" }, `${each} does not work here: ${known.get(each)?.why}`),
    );
    const caption = element("caption", {}, element("b", {}, name), ` ${what}`);
    const head = ["implementation", "time", "median", "than js", "bits"].map((each) =>
      element("th", { scope: "col" }, each),
    );
    const body = element("tbody", {}, ...lines.map(({ row }) => row));
    host.append(element("table", {}, caption, element("thead", {}, element("tr", {}, ...head)), body), ...refused);
    say(`Comparing the bits of “${name}”.`);
    await nextTask();
    contests.push(
      compare(
        prepared.map(({ cases }) => cases[i]),
        lines,
      ),
    );
  }
  for (let round = 0; round < rounds; round++) {
    say(`Timing them in turn, round ${round + 1} of ${rounds}.`);
    for (const contestants of contests) {
      for (const contestant of contestants) {
        await nextTask();
        sample(contestant);
      }
      showTimes(contestants);
    }
  }
  for (const { dispose } of prepared) dispose();
  const allEqual = contests.flat().every(({ line }) => line.bits.textContent === "equal");
  const verdict = allEqual ? "All results have the same bits" : "Some results differ in their bits";
  say(`Done. ${verdict}; times are medians of ${rounds} rounds, in turn, on this machine.`);
}

function makeLine(implementation: string): Line {
  const bar = element("span", { class: "bar", "aria-hidden": true });
  const [time, ratio, bits] = [element("td", {}, "…"), element("td", {}, ""), element("td", { class: "same" }, "…")];
  const row = element(
    "tr",
    {},
    element("th", { scope: "row" }, implementation),
    element("td", { class: "bars" }, bar),
    time,
    ratio,
    bits,
  );
  return { implementation, row, bar, time, ratio, bits };
}

/** Runs every implementation once and compares its bits with those of the first. */
function compare(jobs: readonly BenchCase[], lines: readonly Line[]): Contestant[] {
  const expected = bitsOf(jobs[0].run());
  return jobs.map((job, i) => {
    const bits = bitsOf(job.run());
    const equal = bits.length === expected.length && bits.every((each, at) => each === expected[at]);
    lines[i].bits.textContent = i === 0 ? "" : equal ? "equal" : "different";
    if (i === 0) lines[i].bits.textContent = "equal";
    return { job, line: lines[i], repeats: 1, samples: [] };
  });
}

/** The bits of an array, copied: a gradient's memory is used again. */
function bitsOf(floats: Float32Array): Uint32Array {
  return new Uint32Array(floats.slice().buffer);
}

/** One more sample: as many calls as last long enough for the clock. */
function sample(contestant: Contestant): void {
  const { job, samples } = contestant;
  for (;;) {
    const begun = performance.now();
    for (let i = 0; i < contestant.repeats; i++) job.run();
    const spent = performance.now() - begun;
    if (spent >= sampleTime || contestant.repeats >= 4096) {
      samples.push(spent / contestant.repeats);
      return;
    }
    contestant.repeats *= 2;
  }
}

function showTimes(contestants: readonly Contestant[]): void {
  const medians = contestants.map(({ samples }) => medianOf(samples));
  const longest = Math.max(...medians);
  for (const [i, { line }] of contestants.entries()) {
    line.bar.style.setProperty("--share", String(medians[i] / longest));
    line.time.textContent = `${medians[i].toPrecision(3)} ms`;
    line.ratio.textContent = i === 0 ? "1×" : `${(medians[0] / medians[i]).toFixed(1)}×`;
  }
}

function medianOf(samples: readonly number[]): number {
  const sorted = [...samples].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Lets the page paint and answer between two pieces of work. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
