import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Backend } from "../../../backend/backend.js";
import { implementationName, selectBackend } from "../../../backend/select.js";
import { Embedding } from "../../../layers/embedding.js";
import { Unembedding } from "../../../layers/unembedding.js";
import { Generator } from "../../../random/generator.js";
import { drawFloats } from "../../floats.js";
import { MaterializedLoss } from "./materialized.js";

interface Sizes {
  readonly n: number;
  readonly rows: number;
  readonly dim: number;
}

/** What the label of the loss that holds all its logits ends with. */
export const allLogits = ", all logits";

/** Below so many bytes of logits the pages of everything else are more than what is looked for. */
const leastBytes = 16e6;

/** Whether this is compiled: only then can a process of its own run it. */
const isCompiled = import.meta.url.endsWith(".js");

/** What a process holds differs by some hundred kilobytes from one to the next. */
const processes = 3;

/**
 * How many bytes a loss takes at its peak beside table and gradients, by label, the median of three processes of its own; for the best
 * implementation of each backend, on so many threads. Undefined where the system does not tell.
 */
export function growths(
  implementations: readonly Backend[],
  sizes: Sizes,
  threads: number,
): Record<string, number> | undefined {
  if (process.platform !== "linux" || !isCompiled || 4 * sizes.n * sizes.rows < leastBytes) return undefined;
  const best = implementations.filter(({ name }, i) => implementations.findIndex((each) => each.name === name) === i);
  const bytes: Record<string, number> = {};
  for (const label of best.map(implementationName)) {
    for (const way of ["", allLogits]) {
      const told = JSON.stringify({ label, isWhole: way !== "", ...sizes });
      const measured = Array.from({ length: processes }, () => growthInProcess(told, threads));
      if (measured.every((each) => each !== undefined)) bytes[label + way] = measured.toSorted((a, b) => a - b)[1];
    }
  }
  return bytes;
}

function growthInProcess(told: string, threads: number): number | undefined {
  const { stdout, status } = spawnSync(process.execPath, [...childArguments, told], {
    encoding: "utf8",
    env: { ...process.env, NN_EMBEDDING_THREADS: String(threads) },
  });
  return status === 0 && stdout.trim() !== "" ? Number(stdout) : undefined;
}

const childArguments = [
  "--input-type=module",
  "--eval",
  `import { measureGrowth } from ${JSON.stringify(import.meta.url)};
   console.log(measureGrowth(JSON.parse(process.argv[1])));`,
];

/** Called in a process of its own: the greatest growth of its resident memory during one loss, but for table and gradients. */
export function measureGrowth({
  label,
  isWhole,
  n,
  rows,
  dim,
}: Sizes & { readonly label: string; readonly isWhole: boolean }): number {
  const hidden = drawFloats(n * dim, new Generator(1));
  const targets = new Uint32Array(n);
  // What the code itself takes is there before anything is looked at.
  runOnce(label, isWhole, new Float32Array(64 * 8), 8, hidden.subarray(0, 16), targets.subarray(0, 2));
  return runOnce(label, isWhole, drawFloats(rows * dim, new Generator(1)), dim, hidden, targets);
}

function runOnce(
  label: string,
  isWhole: boolean,
  table: Float32Array,
  dim: number,
  hidden: Float32Array,
  targets: Uint32Array,
): number {
  using tokens = Embedding.fromPretrained(table, { embeddingDim: dim, freeze: false, backend: label });
  const gradients = 4 * hidden.length + (isWhole ? 4 * table.length : 0);
  if (isWhole) {
    return (
      growth(() => {
        using whole = new MaterializedLoss(selectBackend(label), targets.length, table.length / dim, dim);
        whole.run(tokens.weight.data, hidden, targets);
      }) - gradients
    );
  }
  using head = new Unembedding(tokens.weight);
  head.loss(hidden.subarray(0, dim), targets.subarray(0, 1)); // makes the gradient of the table
  return growth(() => head.loss(hidden, targets)) - gradients;
}

function growth(run: () => void): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  writeFileSync("/proc/self/clear_refs", "5"); // the peak begins anew
  const before = kilobytes("VmRSS");
  run();
  return (kilobytes("VmHWM") - before) * 1024;
}

function kilobytes(name: string): number {
  const status = readFileSync("/proc/self/status", "utf8");
  return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]);
}
