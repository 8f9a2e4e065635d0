import { checkBoolean, checkLength, checkNumber, checkOptions, checkShare, checkWhole, checkWord } from "../check.js";
import { rangeError, show } from "../errors.js";
import { checkIndex, checkIndices, flatten, type Indices } from "../indices.js";
import { newFloats } from "../results.js";

/** What is made of the losses of single rows. */
export type Reduction = "mean" | "sum" | "none";

/** What a loss gives: a number, or with reduction "none" a Float32Array with one for each row. */
export interface Loss<Value = number | Float32Array> {
  /** The loss of all rows, or of each. */
  loss: Value;
  /** The gradient with respect to the hidden states; null with `gradients: false`. */
  gradHidden: Float32Array | null;
}

/** How {@link Unembedding.loss} is taken. */
export interface LossOptions {
  /** Rows with this target do not count. Default: -100. */
  ignoreIndex?: number | undefined;
  /**
   * "mean" over the rows that count (by their targets' classWeights; NaN when none counts), their "sum", or "none": each row's own loss,
   * with the gradients of the sum. Default: "mean".
   */
  reduction?: Reduction | undefined;
  /**
   * How much of the target's probability is spread over all classes, in [0, 1] (Szegedy et al. 2016, "Rethinking the Inception
   * Architecture for Computer Vision"). Default: 0.
   */
  labelSmoothing?: number | undefined;
  /** What a row with each target counts: numEmbeddings finite floats >= 0. Not together with labelSmoothing. Default: 1. */
  classWeights?: Float32Array | undefined;
  /** Whether gradients are made; without them the call only measures. Default: true. */
  gradients?: boolean | undefined;
}

/** Throws unless value is a {@link Reduction}. */
export function checkReduction(value: unknown): asserts value is Reduction {
  checkWord("reduction", value, ["mean", "sum", "none"]);
}

/** The options with their defaults. Throws unless they are what they should be. */
export function checkLossOptions(
  options: LossOptions,
  numEmbeddings: number,
): {
  ignoreIndex: number;
  reduction: Reduction;
  labelSmoothing: number;
  classWeights: Float32Array | undefined;
  gradients: boolean;
} {
  checkOptions(options, ["ignoreIndex", "reduction", "labelSmoothing", "classWeights", "gradients"]);
  const { ignoreIndex = -100, reduction = "mean", labelSmoothing = 0, classWeights, gradients = true } = options;
  checkWhole("ignoreIndex", ignoreIndex);
  checkReduction(reduction);
  checkShare("labelSmoothing", labelSmoothing);
  checkBoolean("gradients", gradients);
  if (classWeights !== undefined) {
    checkLength("classWeights", classWeights, numEmbeddings, "numEmbeddings");
    const bad = classWeights.findIndex((each) => !(each >= 0 && each < Number.POSITIVE_INFINITY));
    if (bad >= 0) checkNumber(`classWeights[${bad}]`, classWeights[bad], 0);
    if (labelSmoothing > 0) {
      throw rangeError(
        "ERR_OUT_OF_RANGE",
        `labelSmoothing is ${labelSmoothing} with classWeights, expected only one of the two`,
      );
    }
  }
  return { ignoreIndex, reduction, labelSmoothing, classWeights, gradients };
}

/** The target of a row that does not count: no table has this row. */
export const ignored = 0xffffffff;

/** The targets of n rows, {@link ignored} for those that do not count. */
export function readTargets(targets: Indices, n: number, numEmbeddings: number, ignoreIndex: number): Uint32Array {
  const flat = flatIndices("targets", targets, n, "rows of hidden");
  return Uint32Array.from(flat, (target, i) =>
    (typeof target === "bigint" ? Number(target) : target) === ignoreIndex
      ? ignored
      : checkIndex("targets", i, target, numEmbeddings),
  );
}

/** What was given, without its nesting; throws unless it is `length` long. */
export function flatIndices(name: string, indices: Indices, length: number, shape: string): ArrayLike<unknown> {
  checkIndices(name, indices);
  const flat = flatten(indices);
  if (flat.length === length) return flat;
  throw rangeError("ERR_INVALID_LENGTH", `${name}.length is ${show(flat.length)}, expected ${length} = ${shape}`);
}

/** A copy of some rows, one behind the other. */
export function pickRows(values: Float32Array, rows: Uint32Array, rowLength: number): Float32Array {
  const picked = newFloats(rows.length * rowLength);
  rows.forEach((row, i) => {
    picked.set(values.subarray(row * rowLength, (row + 1) * rowLength), i * rowLength);
  });
  return picked;
}

/** The other way round. */
export function putRows(values: Float32Array, rows: Uint32Array, rowLength: number, picked: Float32Array): void {
  rows.forEach((row, i) => {
    values.set(picked.subarray(i * rowLength, (i + 1) * rowLength), row * rowLength);
  });
}
