import { noPadding } from "../backend/backend.js";
import { matmulKernels } from "../backend/families/matmul.js";
import { rowKernels } from "../backend/families/rows.js";
import { exp } from "../backend/js/exponential.js";
import { kernelsFor } from "../backend/select.js";
import { checkBoolean, checkMultiple, checkOptions } from "../check.js";
import { log1p } from "../elementary.js";
import { checkIndex, checkIndices, flatten, type Indices, outOfRange } from "../indices.js";
import type { Parameter } from "../parameter.js";
import { newFloats } from "../results.js";
import { stableFor } from "./affine.js";
import { checkReduction, flatIndices, type Reduction } from "./lossOptions.js";

/** How {@link Unembedding.sampledLoss} is taken. */
export interface SampledLossOptions {
  /** "mean" over the rows, their "sum", or "none": each row's own loss, with the gradients of the sum. Default: "mean". */
  reduction?: Reduction | undefined;
  /** Whether weight and bias get a {@link SparseGradient} of the touched rows instead of a dense one. Default: false. */
  sparse?: boolean | undefined;
  /** Whether gradients are made; without them the call only measures. Default: true. */
  gradients?: boolean | undefined;
}

/** The options with their defaults. Throws unless they are what they should be. */
export function checkSampledLossOptions(options: SampledLossOptions) {
  checkOptions(options, ["reduction", "sparse", "gradients"]);
  const { reduction = "mean", sparse = false, gradients = true } = options;
  checkReduction(reduction);
  checkBoolean("sparse", sparse);
  checkBoolean("gradients", gradients);
  return { reduction, sparse, gradients };
}

/** Each row's target and behind it its negatives, n x (1 + k). */
export function readCandidates(targets: Indices, negatives: Indices, n: number, numEmbeddings: number): Uint32Array {
  const flatTargets = flatIndices("targets", targets, n, "rows of hidden");
  checkIndices("negatives", negatives);
  const flat = flatten(negatives);
  checkMultiple("negatives", flat.length, n, "rows of hidden");
  const k = n === 0 ? 0 : flat.length / n;
  const candidates = new Uint32Array(n * (1 + k));
  for (let i = 0; i < n; i++) candidates[i * (1 + k)] = checkIndex("targets", i, flatTargets[i], numEmbeddings);
  for (let j = 0; j < flat.length; j++) {
    const at = Math.floor(j / k) * (1 + k) + 1 + (j % k);
    candidates[at] = checkIndex("negatives", j, flat[j], numEmbeddings);
  }
  return candidates;
}

/**
 * Each row's -log sigmoid(logit of its first candidate) - the sum of log sigmoid(-logit of each other), added up in order in doubles. With
 * `gradHidden` the gradients too, times `scale`: the candidates' rows get theirs in the order in which they stand.
 */
export function sampledRowLosses(
  weight: Parameter,
  bias: Parameter | null,
  hidden: Float32Array,
  candidates: Uint32Array,
  scale: number,
  sparse: boolean,
  gradHidden: Float32Array | null,
): Float64Array {
  const [numEmbeddings, dim] = weight.shape;
  const n = hidden.length / dim;
  const each = n === 0 ? 1 : candidates.length / n;
  if (gradHidden !== null) {
    weight.checkGradIdle();
    bias?.checkGradIdle();
  }
  const stableHidden = stableFor(hidden, weight, bias);
  const { gather } = kernelsFor(weight.backend, rowKernels, candidates.length * dim);
  const { matmulNT, matmulNN, matmulTN } = kernelsFor(weight.backend, matmulKernels, each * dim);
  const rows = newFloats(candidates.length * dim);
  const done = gather(weight.data, numEmbeddings, dim, candidates, candidates.length, rows);
  if (done < candidates.length) throw outOfRange("targets and negatives", candidates, done, numEmbeddings); // a getter of theirs resized the table
  const biasData = bias?.data;
  const gradLogits = newFloats(candidates.length);
  const losses = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const start = i * each;
    const state = stableHidden.subarray(i * dim, (i + 1) * dim);
    const candidateRows = rows.subarray(start * dim, (start + each) * dim);
    const logits = gradLogits.subarray(start, start + each);
    matmulNT(state, candidateRows, 1, each, dim, false, logits);
    for (let j = 0; j < each; j++) {
      const logit = biasData ? Math.fround(logits[j] + biasData[candidates[start + j]]) : logits[j];
      // log(1 + e^x) of x = logit, or -logit for the target, by e^-|x|, which overflows nowhere; its derivative is sigmoid(x).
      const x = j === 0 ? -logit : logit;
      const power = exp(-Math.abs(x));
      losses[i] += Math.max(x, 0) + log1p(power);
      const sigmoid = (x > 0 ? 1 : power) / (1 + power);
      logits[j] = (j === 0 ? -sigmoid : sigmoid) * scale;
    }
    if (gradHidden === null) continue;
    const to = gradHidden.subarray(i * dim, (i + 1) * dim);
    matmulNN(logits, candidateRows, 1, dim, each, false, to);
    matmulTN(logits, state, each, dim, 1, false, candidateRows); // the rows are read: now they are their gradients
  }
  if (gradHidden !== null) {
    weight.addRows(candidates, noPadding, rows, sparse);
    bias?.addRows(candidates, noPadding, gradLogits, sparse);
  }
  return losses;
}
