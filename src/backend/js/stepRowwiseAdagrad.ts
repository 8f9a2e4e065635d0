import { dot } from "./dot.js";
import { firstRowOutside } from "./rows.js";

const f = Math.fround;

/** The specification of `stepRowwiseAdagrad`. See {@link Kernels.stepRowwiseAdagrad}. */
export function stepRowwiseAdagrad(
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
  decoupled: boolean,
): number {
  const done = firstRowOutside(rows, numRows, numEmbeddings);
  if (done < numRows) return done;
  if (embeddingDim === 0) return numRows; // the mean of no squares is no number
  const isDense = rows.length === 0;
  for (let r = 0; r < numRows; r++) {
    const row = isDense ? r : rows[r];
    let at = row * embeddingDim;
    let from = r * embeddingDim;
    const squares = sumOfSquares(grad, from, embeddingDim, decoupled ? 0 : weightDecay, weight, at);
    const s = f(sum[row] + f(squares / f(embeddingDim)));
    sum[row] = s;
    const rate = f(lr / f(f(Math.sqrt(s)) + eps));
    const keep = f(1 - f((decoupled ? lr : rate) * weightDecay));
    for (const end = at + embeddingDim; at < end; at++, from++) {
      weight[at] = f(keep * weight[at]) - f(rate * grad[from]);
    }
  }
  return numRows;
}

/** The 8-lane dot product of grad + weightDecay * weight with itself: see dot.ts. */
function sumOfSquares(
  grad: Float32Array,
  from: number,
  count: number,
  weightDecay: number,
  weight: Float32Array,
  at: number,
): number {
  if (weightDecay === 0) return dot(grad, from, grad, from, count);
  const decayed = new Float32Array(count);
  for (let j = 0; j < count; j++) decayed[j] = grad[from + j] + f(weightDecay * weight[at + j]);
  return dot(decayed, 0, decayed, 0, count);
}
