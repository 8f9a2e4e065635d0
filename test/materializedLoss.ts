import type { LossOptions } from "../src/index.js";

/** What a loss and its gradients should be. */
export interface MaterializedLoss {
  /** With reduction "none" the sum. */
  readonly loss: number;
  readonly gradHidden: Float64Array;
  readonly gradWeight: Float64Array;
  readonly gradBias: Float64Array;
}

/** Cross-entropy in doubles with Math.exp, all logits at once, as a textbook has it: what the fused one is compared with. */
export function materializedLoss(
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
  hidden: ArrayLike<number>,
  targets: ArrayLike<number>,
  { ignoreIndex = -100, reduction = "mean", labelSmoothing = 0, classWeights }: LossOptions,
): MaterializedLoss {
  const numEmbeddings = bias.length;
  const dim = weight.length / numEmbeddings;
  const n = targets.length;
  const importance = Array.from(targets, (target) => (target === ignoreIndex ? 0 : (classWeights?.[target] ?? 1)));
  const divisor = reduction === "mean" ? importance.reduce((sum, each) => sum + each, 0) : 1;
  const gradHidden = new Float64Array(n * dim);
  const gradWeight = new Float64Array(numEmbeddings * dim);
  const gradBias = new Float64Array(numEmbeddings);
  let loss = 0;
  const logits = new Float64Array(n * numEmbeddings);
  for (let i = 0; i < n; i++) {
    if (targets[i] === ignoreIndex) continue;
    const row = logits.subarray(i * numEmbeddings, (i + 1) * numEmbeddings);
    let greatest = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < numEmbeddings; j++) {
      row[j] = bias[j];
      for (let p = 0; p < dim; p++) row[j] += hidden[i * dim + p] * weight[j * dim + p];
      greatest = Math.max(greatest, row[j]);
    }
    const logOfSum = greatest + Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - greatest), 0));
    const scale = importance[i] / divisor;
    for (let j = 0; j < numEmbeddings; j++) {
      const wanted = labelSmoothing / numEmbeddings + (j === targets[i] ? 1 - labelSmoothing : 0);
      loss += scale * wanted * (logOfSum - row[j]);
      const gradient = scale * (Math.exp(row[j] - logOfSum) - wanted);
      gradBias[j] += gradient;
      for (let p = 0; p < dim; p++) {
        gradHidden[i * dim + p] += gradient * weight[j * dim + p];
        gradWeight[j * dim + p] += gradient * hidden[i * dim + p];
      }
    }
  }
  return { loss, gradHidden, gradWeight, gradBias };
}
