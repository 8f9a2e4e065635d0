/** What one writes by hand instead of using this package: the baselines. No checks, ordinary typed arrays, no order of sums to keep. */

/** Float by float. */
export function gatherByLoop(table: Float32Array, dim: number, ids: Uint32Array, out: Float32Array): void {
  let to = 0;
  for (let i = 0; i < ids.length; i++) {
    let from = ids[i] * dim;
    for (let j = 0; j < dim; j++) out[to++] = table[from++];
  }
}

/** Row by row. */
export function gatherBySet(table: Float32Array, dim: number, ids: Uint32Array, out: Float32Array): void {
  for (let i = 0; i < ids.length; i++) {
    const from = ids[i] * dim;
    out.set(table.subarray(from, from + dim), i * dim);
  }
}

/** Bags of one size, row after row added to that of the bag. */
export function sumBagsByLoop(
  table: Float32Array,
  dim: number,
  ids: Uint32Array,
  bagSize: number,
  out: Float32Array,
): void {
  out.fill(0);
  for (let i = 0; i < ids.length; i++) {
    let from = ids[i] * dim;
    let to = Math.floor(i / bagSize) * dim;
    for (let j = 0; j < dim; j++) out[to++] += table[from++];
  }
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
