import { firstRowOutside } from "./rows.js";

const f = Math.fround;

/** The specification of `stepSparseAdam`. See {@link Kernels.stepSparseAdam}. */
export function stepSparseAdam(
  weight: Float32Array,
  expAvg: Float32Array,
  expAvgSq: Float32Array,
  numEmbeddings: number,
  embeddingDim: number,
  rows: Uint32Array,
  numRows: number,
  grad: Float32Array,
  stepSize: number,
  gain1: number,
  gain2: number,
  eps: number,
): number {
  const done = firstRowOutside(rows, numRows, numEmbeddings);
  if (done < numRows) return done;
  const isDense = rows.length === 0;
  const numStretches = isDense ? 1 : numRows;
  const length = isDense ? numRows * embeddingDim : embeddingDim;
  for (let r = 0, from = 0; r < numStretches; r++) {
    let at = isDense ? 0 : rows[r] * embeddingDim;
    for (const end = at + length; at < end; at++, from++) {
      const g = grad[from];
      const m = f(expAvg[at] + f(f(g - expAvg[at]) * gain1));
      const v = f(expAvgSq[at] + f(f(f(g * g) - expAvgSq[at]) * gain2));
      expAvg[at] = m;
      expAvgSq[at] = v;
      weight[at] -= f(stepSize * f(m / f(f(Math.sqrt(v)) + eps)));
    }
  }
  return numRows;
}
