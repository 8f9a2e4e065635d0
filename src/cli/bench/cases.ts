import { maxRows } from "../../backend/backend.js";
import { checkWhole, checkWord } from "../../check.js";
import { rangeError } from "../../errors.js";

/** The kernels that are timed, by the names of the command line. */
export const kernels = ["gather", "bags", "matmul", "scatter-add", "step"] as const;
export type Kernel = (typeof kernels)[number];

/** Ids per bag. */
export const bagSize = 32;

/**
 * How ids are drawn: every row as likely as any other, or the row of rank r with a chance of 1 / (r + 1), or at equal distances, each once.
 */
export type Ids = "uniform" | "zipf" | "spread";

/** `batch` rows of a (rows, dim) table, looked up, added to, or moved by an optimizer; or that many bags of rows, summed. */
export interface RowsCase {
  readonly kernel: "gather" | "bags" | "scatter-add" | "step";
  readonly name: string;
  readonly means: string;
  readonly rows: number;
  readonly dim: number;
  readonly batch: number;
  readonly ids: Ids;
}

/** (m, k) x (n, k)^T with the table as the second matrix ("NT"), or (m, k) x (k, n) ("NN"). */
export interface ProductCase {
  readonly kernel: "matmul";
  readonly name: string;
  readonly means: string;
  readonly layout: "NT" | "NN";
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

export type Case = RowsCase | ProductCase;

const gpt2 = { rows: 50257, dim: 768 };
const million = { rows: 1_000_000, dim: 64 };

/** The standard shapes. A name means the same shape wherever figures of this package are told. */
export const standardCases: readonly Case[] = [
  rowsCase("gather", "G1", "a tiny lookup", { rows: 6, dim: 3 }, 4, "uniform"),
  rowsCase("gather", "G2a", "a batch of GPT-2 tokens", gpt2, 1024, "uniform"),
  rowsCase("gather", "G3u", "short rows, any", million, 65536, "uniform"),
  rowsCase("gather", "G3z", "short rows, often the same", million, 65536, "zipf"),
  rowsCase("bags", "B1", "bags of short rows, summed", million, 4096, "uniform"),
  productCase("M1", "logits of 64 hidden states", "NT", 64, gpt2.rows, gpt2.dim),
  productCase("M2", "logits of one hidden state", "NT", 1, gpt2.rows, gpt2.dim),
  productCase("M3a", "square", "NN", 512, 512, 512),
  productCase("M3b", "square", "NN", 1024, 1024, 1024),
  rowsCase("scatter-add", "S1", "gradients of GPT-2 tokens", gpt2, 8192, "uniform"),
  rowsCase("scatter-add", "S2", "gradients of short rows", million, 65536, "zipf"),
  rowsCase("step", "O4", "the same rows of a small table", { rows: 10_000, dim: 16 }, 4096, "spread"),
  rowsCase("step", "O5", "of a larger one", { rows: 100_000, dim: 16 }, 4096, "spread"),
  rowsCase("step", "O6", "of a large one", { rows: 1_000_000, dim: 16 }, 4096, "spread"),
];

/** Sizes from the command line, as they were written there. */
export interface CustomSizes {
  readonly rows?: unknown;
  readonly dim?: unknown;
  readonly batch?: unknown;
}

/**
 * The cases to run: the standard ones of the kernel, or of all; with a size of one's own one custom case per kernel, whose other sizes are
 * those of G2a, B1, M1 and S1.
 *
 * @throws TypeError [ERR_INVALID_ARG_TYPE], RangeError [ERR_OUT_OF_RANGE]
 */
export function chooseCases(kernel: unknown, sizes: CustomSizes): Case[] {
  if (kernel !== undefined) checkWord("kernel", kernel, kernels);
  const chosen = kernels.filter((each) => kernel === undefined || each === kernel);
  const { rows = gpt2.rows, dim = gpt2.dim, batch } = sizes;
  if (sizes.rows === undefined && sizes.dim === undefined && batch === undefined) {
    return standardCases.filter((each) => chosen.includes(each.kernel));
  }
  checkWhole("--rows", rows, 1, maxRows);
  checkWhole("--dim", dim, 1, maxRows);
  if (batch !== undefined) checkWhole("--batch", batch, 1, maxRows);
  return chosen.map((each): Case => {
    if (each === "matmul") return productCase("custom", "logits", "NT", (batch as number) ?? 64, rows, dim);
    if (each === "step") {
      return rowsCase(each, "custom", "", { rows, dim }, Math.min((batch as number) ?? 4096, rows), "spread");
    }
    return rowsCase(
      each,
      "custom",
      "",
      { rows, dim },
      (batch as number) ?? { gather: 1024, bags: 4096, "scatter-add": 8192 }[each],
      "uniform",
    );
  });
}

/** The bytes of the table (of both matrices where there is none), and of what the caller brings and gets. */
export function bytesOf(timed: Case): { readonly table: number; readonly others: number } {
  if (timed.kernel === "matmul") {
    const { m, n, k } = timed;
    return { table: 4 * n * k, others: 4 * (m * k + m * n) };
  }
  const { rows, dim, batch } = timed;
  return { table: 4 * rows * dim, others: 4 * (countIds(timed) + batch * dim) };
}

/**
 * The work of one call: floating-point operations of a product, a multiplication and an addition for each term; else bytes, each once
 * where it is read and once where it is written, whatever caches and copies make of it.
 */
export function workOf(timed: Case): { readonly amount: number; readonly unit: "GFLOP/s" | "GB/s" } {
  if (timed.kernel === "matmul") return { amount: 2 * timed.m * timed.n * timed.k, unit: "GFLOP/s" };
  const { batch, dim, kernel } = timed;
  const ids = countIds(timed);
  // Rows -> out; rows and gradients -> rows; rows, both averages and gradients -> rows and averages.
  const rows = { gather: 2 * ids, bags: ids + batch, "scatter-add": 3 * ids, step: 7 * ids }[kernel];
  return { amount: 4 * (ids + rows * dim), unit: "GB/s" };
}

/** How many ids a call is given. */
export function countIds({ kernel, batch }: RowsCase): number {
  return kernel === "bags" ? batch * bagSize : batch;
}

/** The shape in a few words. */
export function describeShape(timed: Case): string {
  const count = (value: number): string => value.toLocaleString("en-US");
  if (timed.kernel === "matmul") {
    const { layout, m, n, k } = timed;
    return `[${m}, ${k}] x [${layout === "NT" ? `${n}, ${k}]^T` : `${k}, ${n}]`}`;
  }
  const { rows, dim, batch, ids, kernel } = timed;
  const drawn = { uniform: "ids", zipf: "zipf ids", spread: "rows" }[ids];
  return `${count(batch)} ${kernel === "bags" ? `x ${bagSize} ` : ""}${drawn}, ${count(rows)} x ${count(dim)}`;
}

/** @throws RangeError [ERR_OUT_OF_MEMORY] when the tables of all implementations do not fit the free memory. */
export function checkMemory(timed: Case, numTables: number, freeBytes: number): void {
  const { table, others } = bytesOf(timed);
  const needed = table * numTables + others * 2;
  if (needed <= freeBytes) return;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  throw rangeError(
    "ERR_OUT_OF_MEMORY",
    `${timed.name} (${describeShape(timed)}) is ${gigabytes(needed)} in ${numTables} tables, expected no more than the free ${gigabytes(freeBytes)}; --backend makes fewer tables`,
  );
}

function rowsCase(
  kernel: RowsCase["kernel"],
  name: string,
  means: string,
  table: { readonly rows: number; readonly dim: number },
  batch: number,
  ids: Ids,
): RowsCase {
  return { kernel, name, means, ...table, batch, ids };
}

function productCase(
  name: string,
  means: string,
  layout: ProductCase["layout"],
  m: number,
  n: number,
  k: number,
): ProductCase {
  return { kernel: "matmul", name, means, layout, m, n, k };
}
