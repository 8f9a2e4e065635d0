import { firstRowOutside } from "./rows.js";

const f = Math.fround;

/** The specification of `stepSGD`. See {@link Kernels.stepSGD}. */
export function stepSGD(
  weight: Float32Array,
  momentumBuffer: Float32Array,
  numEmbeddings: number,
  embeddingDim: number,
  rows: Uint32Array,
  numRows: number,
  grad: Float32Array,
  lr: number,
  momentum: number,
  undamped: number,
  nesterov: boolean,
  weightDecay: number,
): number {
  const done = firstRowOutside(rows, numRows, numEmbeddings);
  if (done < numRows) return done;
  const isDense = rows.length === 0;
  const numStretches = isDense ? 1 : numRows;
  const length = isDense ? numRows * embeddingDim : embeddingDim;
  for (let r = 0, from = 0; r < numStretches; r++) {
    let at = isDense ? 0 : rows[r] * embeddingDim;
    const end = at + length;
    if (momentumBuffer.length === 0) {
      for (; at < end; at++, from++) {
        const w = weight[at];
        const step = weightDecay === 0 ? grad[from] : f(grad[from] + f(weightDecay * w));
        weight[at] = w - f(lr * step);
      }
      continue;
    }
    for (; at < end; at++, from++) {
      const w = weight[at];
      const g = weightDecay === 0 ? grad[from] : f(grad[from] + f(weightDecay * w));
      const b = f(f(momentum * momentumBuffer[at]) + f(undamped * g));
      momentumBuffer[at] = b;
      weight[at] = w - f(lr * (nesterov ? f(g + f(momentum * b)) : b));
    }
  }
  return numRows;
}
