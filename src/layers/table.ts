import type { Family, Kernels } from "../backend/backend.js";
import type { Call } from "../backend/calls.js";
import { firstOutside } from "../backend/js/firstOutside.js";
import { selectBackend } from "../backend/select.js";
import { checkBoolean, checkGenerator, checkNumber, checkWhole, checkWord } from "../check.js";
import type { CheckedTensor } from "../floatTensor.js";
import { type Indices, outOfRange, toUint32 } from "../indices.js";
import { InFlight } from "../inFlight.js";
import { checkNormType } from "../norm.js";
import { Parameter } from "../parameter.js";
import { defaultGenerator, type Generator } from "../random/generator.js";
import { fillNormal } from "../random/normal.js";
import { later, type Work } from "../work.js";
import { parameterOf } from "./pretrained.js";
import { renormRows } from "./renorm.js";

/** Options of a layer that looks up rows of a table. */
export interface TableOptions {
  /** The row that starts as zeros and never gets a gradient; negative counts from the end. Default: null, none. */
  paddingIdx?: number | null | undefined;
  /**
   * The greatest norm a row may have: `forward` first scales down those of its rows that exceed it, in the table itself, the padding row
   * too. The gradient ignores this. Default: null, no limit.
   */
  maxNorm?: number | null | undefined;
  /** The p of the norm that maxNorm limits, (sum of |x|^p)^(1/p), above 0; Infinity for the greatest |x|. Default: 2. */
  normType?: number | undefined;
  /** Whether `backward` divides a row's gradients by how often the row occurs in that call. Default: false. */
  scaleGradByFreq?: boolean | undefined;
  /** Whether `backward` makes a {@link SparseGradient} of the touched rows instead of a dense one. Default: false. */
  sparse?: boolean | undefined;
  /**
   * What rows begin with: "normal", as PyTorch's, drawn from the generator, or "zeros", for a table that is filled by hand; then nothing is
   * drawn. Default: "normal".
   */
  init?: "normal" | "zeros" | undefined;
  /** Where the initial values come from. Default: the generator that `manualSeed` seeds. */
  generator?: Generator | undefined;
  /** "native", "native:avx2", "wasm", "wasm:scalar", "js", …: see {@link backends}. Default: the best that works here. */
  backend?: string | undefined;
}

/** The names of those {@link TableOptions} that a table from anywhere takes. */
export const tableOptions: readonly string[] = ["paddingIdx", "maxNorm", "normType", "scaleGradByFreq", "sparse"];

/** The names of those that a table takes which begins as they say. */
export const beginningOptions: readonly string[] = ["init", "generator"];

/** Writes rows of a table that are zeros yet: `rows` are all from row number `first` on. */
export type FillRows = (rows: Float32Array, first: number) => void;

/** {@link TableOptions} with their defaults, null for none; the padding row counted from the start. Throws unless they are possible. */
export function checkTableOptions(options: TableOptions, numEmbeddings: number) {
  const { maxNorm = null, normType = 2, scaleGradByFreq = false, sparse = false } = options;
  const { init = "normal", generator = defaultGenerator } = options;
  if (maxNorm !== null) checkNumber("maxNorm", maxNorm, 0);
  checkNormType(normType);
  checkBoolean("scaleGradByFreq", scaleGradByFreq);
  checkBoolean("sparse", sparse);
  checkWord("init", init, ["normal", "zeros"]);
  checkGenerator(generator);
  const fillRows: FillRows = init === "zeros" ? () => {} : (rows) => fillNormal(rows, generator);
  const paddingIdx = paddingRow(options.paddingIdx, numEmbeddings);
  return { paddingIdx, maxNorm, normType, scaleGradByFreq, sparse, fillRows };
}

function paddingRow(paddingIdx: number | null | undefined, numEmbeddings: number): number | null {
  if (paddingIdx === undefined || paddingIdx === null) return null;
  checkWhole("paddingIdx", paddingIdx, -numEmbeddings, numEmbeddings - 1);
  return paddingIdx < 0 ? paddingIdx + numEmbeddings : paddingIdx + 0; // + 0 makes -0 a plain 0
}

/** A table with a copy of `values`, or else filled, with zeros in the padding row. */
export function makeTable(
  shape: readonly [number, number],
  backendName: string | undefined,
  { fillRows, paddingIdx }: { readonly fillRows: FillRows; readonly paddingIdx: number | null },
  values: CheckedTensor | undefined,
): Parameter {
  const backend = selectBackend(backendName);
  if (values !== undefined) return parameterOf("weight", shape, backend, values);
  const weight = new Parameter("weight", shape, backend);
  const { data } = weight;
  fillRows(data, 0);
  // As in PyTorch the padding row is drawn and then cleared, so that the rows behind it do not depend on it.
  if (paddingIdx !== null) data.fill(0, paddingIdx * shape[1], (paddingIdx + 1) * shape[1]);
  return weight;
}

/**
 * Shortens the rows that a layer with maxNorm is about to read; `told` are its indices as the caller wrote them. Throws RangeError
 * [ERR_INDEX_OUT_OF_RANGE], and then nothing moved.
 */
export function renorm(
  { weight, maxNorm, normType }: { weight: Parameter; maxNorm: number | null; normType: number },
  told: Indices,
  rows: Uint32Array,
): void {
  if (maxNorm === null) return;
  const done = renormRows(weight, rows, maxNorm, normType);
  if (done < rows.length) throw outOfRange("indices", told, done, weight.shape[0]);
}

/** A copy of the indices, in reading order, for a call that outlives this one. Throws unless all are rows of the table. */
export function copyIndices(name: string, indices: Indices, weight: Parameter): Uint32Array {
  const rows = new Uint32Array(toUint32(name, indices, weight.numRows));
  checkRows(name, indices, rows, weight);
  return rows;
}

/** Throws unless all rows are in the table; `told` are the indices as the caller wrote them. */
export function checkRows(name: string, told: Indices, rows: Uint32Array, weight: Parameter): void {
  weight.checkInUse(); // behind the indices, for a plain array may have getters that do anything
  const done = firstOutside(rows, rows.length, weight.numRows);
  if (done < rows.length) throw outOfRange(name, told, done, weight.numRows);
}

/** One call of a family's kernels off the event loop, which moves so many floats of tables into `out`: a promise of it. */
export function tableAsync<Some extends Partial<Kernels>>(
  weights: readonly Parameter[],
  family: Family<Some>,
  floats: number,
  call: Call<Some>,
  out: Float32Array,
): Promise<Float32Array> {
  const work = function* (): Work<Float32Array, Some> {
    yield [call];
    return out;
  };
  const inFlight = weights.map((weight) => weight.inFlight);
  return InFlight.during(inFlight, () => later(weights[0].backend, family, floats, work()));
}
