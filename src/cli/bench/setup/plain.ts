/** What one writes by hand instead of using this package: the baselines. No checks, ordinary typed arrays, no order of sums to keep. */

/** Float by float. */
export function gatherByLoop(table: Float32Array, dim: number, ids: Uint32Array, out: Float32Array): void {
  let to = 0;
  for (let i = 0; i < ids.length; i++) {
    let from = ids[i] * dim;
    for (let j = 0; j < dim; j++) out[to++] = table[from++];
  }
}

/** The same of plain numbers, into a new array: a function of its own, for one that sees both kinds of ids is slower with either. */
export function gatherNumbers(table: Float32Array, dim: number, ids: readonly number[]): Float32Array {
  const out = new Float32Array(ids.length * dim);
  let to = 0;
  for (let i = 0; i < ids.length; i++) {
    let from = ids[i] * dim;
    for (let j = 0; j < dim; j++) out[to++] = table[from++];
  }
  return out;
}

/** Row by row. */
export function gatherBySet(table: Float32Array, dim: number, ids: Uint32Array, out: Float32Array): void {
  for (let i = 0; i < ids.length; i++) {
    const from = ids[i] * dim;
    out.set(table.subarray(from, from + dim), i * dim);
  }
}

/** Bags of one size, row after row added to that of the bag, with weights (or none) or divided. */
export function sumBagsByLoop(
  table: Float32Array,
  dim: number,
  ids: Uint32Array,
  bagSize: number,
  weights: Float32Array,
  isMean: boolean,
  out: Float32Array,
): void {
  out.fill(0);
  const isWeighted = weights.length > 0;
  for (let i = 0; i < ids.length; i++) {
    let from = ids[i] * dim;
    let to = Math.floor(i / bagSize) * dim;
    if (isWeighted) {
      const weight = weights[i];
      for (let j = 0; j < dim; j++) out[to++] += Math.fround(weight * table[from++]);
    } else for (let j = 0; j < dim; j++) out[to++] += table[from++];
  }
  if (isMean) for (let at = 0; at < out.length; at++) out[at] /= bagSize;
}

export function maxBagsByLoop(
  table: Float32Array,
  dim: number,
  ids: Uint32Array,
  bagSize: number,
  out: Float32Array,
): void {
  for (let i = 0; i < ids.length; i++) {
    let from = ids[i] * dim;
    let to = Math.floor(i / bagSize) * dim;
    const isFirst = i % bagSize === 0;
    for (let j = 0; j < dim; j++, from++, to++) if (isFirst || table[from] > out[to]) out[to] = table[from];
  }
}

/** The touched rows, ascending, and the sum of the gradients of each; an id belongs to row i / idsPerRow of gradOut. */
export function sparseByLoop(
  dim: number,
  ids: Uint32Array,
  gradOut: Float32Array,
  idsPerRow = 1,
): { readonly rows: Uint32Array; readonly values: Float32Array } {
  const rows = new Uint32Array(new Set(ids)).sort();
  const places = new Map<number, number>();
  for (const [place, row] of rows.entries()) places.set(row, place);
  const values = new Float32Array(rows.length * dim);
  for (let i = 0; i < ids.length; i++) {
    let from = Math.floor(i / idsPerRow) * dim;
    let to = places.get(ids[i])! * dim;
    for (let j = 0; j < dim; j++) values[to++] += gradOut[from++];
  }
  return { rows, values };
}

export function scatterAddByLoop(table: Float32Array, dim: number, ids: Uint32Array, gradOut: Float32Array): void {
  let from = 0;
  for (let i = 0; i < ids.length; i++) {
    let to = ids[i] * dim;
    for (let j = 0; j < dim; j++) table[to++] += gradOut[from++];
  }
}

/** The textbook's dot products, summed in double precision as JavaScript does when nobody asks it to round. */
export function matmulNTByLoop(
  a: Float32Array,
  b: Float32Array,
  m: number,
  n: number,
  k: number,
  out: Float32Array,
): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += a[i * k + p] * b[j * k + p];
      out[i * n + j] = sum;
    }
  }
}

/** The textbook's three loops with the columns innermost, so that memory is read as it lies. */
export function matmulNNByLoop(
  a: Float32Array,
  b: Float32Array,
  m: number,
  n: number,
  k: number,
  out: Float32Array,
): void {
  out.fill(0);
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      const factor = a[i * k + p];
      for (let j = 0; j < n; j++) out[i * n + j] += factor * b[p * n + j];
    }
  }
}

/** The formulas as one finds them, rounded where they are stored. */
export function stepSparseAdamByLoop(
  tables: readonly [weight: Float32Array, expAvg: Float32Array, expAvgSq: Float32Array],
  dim: number,
  rows: Uint32Array,
  grad: Float32Array,
  [stepSize, gain1, gain2, eps]: readonly [number, number, number, number],
): void {
  const [weight, expAvg, expAvgSq] = tables;
  let from = 0;
  for (let r = 0; r < rows.length; r++) {
    let at = rows[r] * dim;
    for (let j = 0; j < dim; j++, at++, from++) {
      const g = grad[from];
      const m = expAvg[at] + (g - expAvg[at]) * gain1;
      const v = expAvgSq[at] + (g * g - expAvgSq[at]) * gain2;
      expAvg[at] = m;
      expAvgSq[at] = v;
      weight[at] -= (stepSize * m) / (Math.sqrt(v) + eps);
    }
  }
}

/** Adam over a whole table, as its paper has it. */
export function stepAdamByLoop(
  [weight, expAvg, expAvgSq]: readonly [Float32Array, Float32Array, Float32Array],
  grad: Float32Array,
  { lr, beta1, beta2, eps, root }: Readonly<Record<"lr" | "beta1" | "beta2" | "eps" | "root", number>>,
): void {
  for (let at = 0; at < weight.length; at++) {
    const g = grad[at];
    const m = beta1 * expAvg[at] + (1 - beta1) * g;
    const v = beta2 * expAvgSq[at] + (1 - beta2) * g * g;
    expAvg[at] = m;
    expAvgSq[at] = v;
    weight[at] -= (lr * m) / (Math.sqrt(v) / root + eps);
  }
}

/** The mean cross-entropy and its gradients, row after row as a textbook has it. */
export function lossByLoop(
  table: Float32Array,
  hidden: Float32Array,
  targets: Uint32Array,
  dim: number,
  { gradHidden, gradWeight }: { readonly gradHidden: Float32Array; readonly gradWeight: Float32Array },
): number {
  const rows = table.length / dim;
  const logits = new Float64Array(rows);
  gradHidden.fill(0);
  gradWeight.fill(0);
  let loss = 0;
  for (let i = 0; i < targets.length; i++) {
    let greatest = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < rows; j++) {
      let dot = 0;
      for (let p = 0; p < dim; p++) dot += hidden[i * dim + p] * table[j * dim + p];
      logits[j] = dot;
      if (dot > greatest) greatest = dot;
    }
    let sum = 0;
    for (let j = 0; j < rows; j++) sum += Math.exp(logits[j] - greatest);
    loss += greatest + Math.log(sum) - logits[targets[i]];
    for (let j = 0; j < rows; j++) {
      const wanted = j === targets[i] ? 1 : 0;
      const gradient = (Math.exp(logits[j] - greatest) / sum - wanted) / targets.length;
      for (let p = 0; p < dim; p++) {
        gradHidden[i * dim + p] += gradient * table[j * dim + p];
        gradWeight[j * dim + p] += gradient * hidden[i * dim + p];
      }
    }
  }
  return loss / targets.length;
}
