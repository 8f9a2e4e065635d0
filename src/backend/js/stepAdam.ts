import { firstRowOutside } from "./rows.js";

const f = Math.fround;

/** The specification of `stepAdam`. See {@link Kernels.stepAdam}. */
export function stepAdam(
  weight: Float32Array,
  expAvg: Float32Array,
  expAvgSq: Float32Array,
  numEmbeddings: number,
  embeddingDim: number,
  rows: Uint32Array,
  numRows: number,
  grad: Float32Array,
  stepSize: number,
  beta1: number,
  gain1: number,
  beta2: number,
  gain2: number,
  rootCorrection: number,
  eps: number,
  weightDecay: number,
  keep: number,
): number {
  const done = firstRowOutside(rows, numRows, numEmbeddings);
  if (done < numRows) return done;
  const isDense = rows.length === 0;
  const numStretches = isDense ? 1 : numRows;
  const length = isDense ? numRows * embeddingDim : embeddingDim;
  for (let r = 0, from = 0; r < numStretches; r++) {
    let at = isDense ? 0 : rows[r] * embeddingDim;
    for (const end = at + length; at < end; at++, from++) {
      const w = f(keep * weight[at]);
      const g = weightDecay === 0 ? grad[from] : f(grad[from] + f(weightDecay * w));
      const m = f(f(beta1 * expAvg[at]) + f(gain1 * g));
      const v = f(f(beta2 * expAvgSq[at]) + f(f(gain2 * g) * g));
      expAvg[at] = m;
      expAvgSq[at] = v;
      weight[at] = w - f(f(stepSize * m) / f(f(f(Math.sqrt(v)) / rootCorrection) + eps));
    }
  }
  return numRows;
}
