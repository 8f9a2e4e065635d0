import { firstRowOutside } from "./rows.js";

const f = Math.fround;

/** The specification of `stepAdagrad`. See {@link Kernels.stepAdagrad}. */
export function stepAdagrad(
  weight: Float32Array,
  sum: Float32Array,
  numEmbeddings: number,
  embeddingDim: number,
  rows: Uint32Array,
  numRows: number,
  grad: Float32Array,
  lr: number,
  eps: number,
  weightDecay: number,
): number {
  const done = firstRowOutside(rows, numRows, numEmbeddings);
  if (done < numRows) return done;
  const isDense = rows.length === 0;
  const numStretches = isDense ? 1 : numRows;
  const length = isDense ? numRows * embeddingDim : embeddingDim;
  for (let r = 0, from = 0; r < numStretches; r++) {
    let at = isDense ? 0 : rows[r] * embeddingDim;
    for (const end = at + length; at < end; at++, from++) {
      const w = weight[at];
      const g = weightDecay === 0 ? grad[from] : f(grad[from] + f(weightDecay * w));
      const s = f(sum[at] + f(g * g));
      sum[at] = s;
      weight[at] = w - f(f(lr * g) / f(f(Math.sqrt(s)) + eps));
    }
  }
  return numRows;
}
