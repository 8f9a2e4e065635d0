import type { LossKernels } from "../backend/families/loss.js";
import { type Indices, outOfRange } from "../indices.js";
import type { Parameter } from "../parameter.js";
import { newFloats } from "../results.js";
import type { Work } from "../work.js";
import { countRows } from "./affine.js";
import { fusedLoss } from "./fusedLoss.js";
import {
  checkLossOptions,
  ignored,
  type Loss,
  type LossOptions,
  pickRows,
  putRows,
  readTargets,
} from "./lossOptions.js";
import type { Scratches } from "./scratch.js";

/** What was asked of a loss, read and checked. */
export interface CrossEntropy {
  /** How many rows there are. */
  readonly n: number;
  /** Which of them count. */
  readonly counted: Uint32Array;
  /** Those, in memory that does not move. */
  readonly hidden: Float32Array;
  /** Their targets. */
  readonly targets: Uint32Array;
  /** How much each of them counts, and what the sum of their losses is divided by. */
  readonly importance: Float64Array;
  readonly divisor: number;
  readonly reduction: "mean" | "sum" | "none";
  readonly labelSmoothing: number;
  /** Room for the gradient of all rows, or null. */
  readonly gradHidden: Float32Array | null;
}

/**
 * Reads what a loss is given; `stable` gives memory for hidden, where all rows count, that making gradients does not move. Throws unless
 * everything fits and is in use, and no other call writes the gradients.
 */
export function readCrossEntropy(
  weight: Parameter,
  bias: Parameter | null,
  hidden: Float32Array,
  given: Indices,
  options: LossOptions,
  stable: (hidden: Float32Array) => Float32Array,
): CrossEntropy {
  const [numEmbeddings, dim] = weight.shape;
  const { reduction, labelSmoothing, classWeights, gradients, ignoreIndex } = checkLossOptions(options, numEmbeddings);
  const n = countRows("hidden", hidden, dim, "embeddingDim");
  const all = readTargets(given, n, numEmbeddings, ignoreIndex);
  weight.checkInUse(); // behind the targets, for a plain array may have getters that do anything
  for (let i = 0; i < n && weight.numRows < numEmbeddings; i++) {
    if (all[i] !== ignored && all[i] >= weight.numRows) throw outOfRange("targets", given, i, weight.numRows);
  }
  bias?.checkInUse();
  if (gradients) {
    weight.checkGradIdle();
    bias?.checkGradIdle();
  }
  const counted = Uint32Array.from(all.keys()).filter((i) => all[i] !== ignored);
  const targets = counted.map((i) => all[i]);
  const importance = Float64Array.from(targets, (target) => classWeights?.[target] ?? 1);
  let total = 0;
  for (const each of importance) total += each;
  const divisor = reduction === "mean" ? total : 1;
  const gradHidden = gradients ? newFloats(n * dim) : null;
  const rows = counted.length === n ? stable(hidden) : pickRows(hidden, counted, dim);
  return { n, counted, hidden: rows, targets, importance, divisor, reduction, labelSmoothing, gradHidden };
}

/** The loss and its gradients. */
export function* crossEntropy(
  weight: Parameter,
  bias: Parameter | null,
  scratches: Scratches,
  { n, counted, hidden, targets, importance, divisor, reduction, labelSmoothing, gradHidden }: CrossEntropy,
): Work<Loss, LossKernels> {
  const isEvery = counted.length === n;
  const gradCounted = gradHidden === null || isEvery ? gradHidden : newFloats(hidden.length);
  const scales = Float32Array.from(importance, (each) => each / divisor);
  const given = { weight, bias, scratches, hidden, targets, scales, labelSmoothing, gradHidden: gradCounted };
  const losses = yield* fusedLoss(given);
  if (gradHidden !== null && !isEvery) putRows(gradHidden, counted, weight.numColumns, gradCounted!);

  const rowLoss = (i: number): number => {
    if (labelSmoothing === 0) return losses.target[i] * importance[i];
    return losses.target[i] * (1 - labelSmoothing) + losses.mean[i] * labelSmoothing;
  };
  if (reduction === "none") {
    const loss = newFloats(n);
    counted.forEach((row, i) => {
      loss[row] = rowLoss(i);
    });
    return { loss, gradHidden };
  }
  let sum = 0;
  for (let i = 0; i < counted.length; i++) sum += rowLoss(i);
  return { loss: sum / divisor, gradHidden };
}
