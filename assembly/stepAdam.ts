import { firstRowOutside, rowStart } from "./rows";

/**
 * One step of Adam or AdamW, in place. See src/backend/kernels.ts for the promise, src/backend/js/stepAdam.ts for the specification.
 */
export function stepAdam(
  weight: usize,
  expAvg: usize,
  expAvgSq: usize,
  numEmbeddings: u32,
  embeddingDim: u32,
  rows: usize,
  numRows: u32,
  grad: usize,
  stepSize: f32,
  beta1: f32,
  gain1: f32,
  beta2: f32,
  gain2: f32,
  rootCorrection: f32,
  eps: f32,
  weightDecay: f32,
  keep: f32,
): u32 {
  const done = firstRowOutside(rows, numRows, numEmbeddings);
  if (done < numRows) return done;
  const rowBytes = (embeddingDim as usize) << 2;
  for (let r: u32 = 0; r < numRows; r++) {
    const start = rowStart(rows, r, rowBytes);
    let w = weight + start;
    let m = expAvg + start;
    let v = expAvgSq + start;
    const end = w + rowBytes;
    if (ASC_FEATURE_SIMD) {
      for (const stop = w + (rowBytes & ~15); w < stop; w += 16, m += 16, v += 16, grad += 16) {
        const old = f32x4.mul(f32x4.splat(keep), v128.load(w));
        let g = v128.load(grad);
        if (weightDecay != 0) g = f32x4.add(g, f32x4.mul(f32x4.splat(weightDecay), old));
        const first = f32x4.add(f32x4.mul(f32x4.splat(beta1), v128.load(m)), f32x4.mul(f32x4.splat(gain1), g));
        const square = f32x4.mul(f32x4.mul(f32x4.splat(gain2), g), g);
        const second = f32x4.add(f32x4.mul(f32x4.splat(beta2), v128.load(v)), square);
        v128.store(m, first);
        v128.store(v, second);
        const root = f32x4.add(f32x4.div(f32x4.sqrt(second), f32x4.splat(rootCorrection)), f32x4.splat(eps));
        v128.store(w, f32x4.sub(old, f32x4.div(f32x4.mul(f32x4.splat(stepSize), first), root)));
      }
    }
    for (; w < end; w += 4, m += 4, v += 4, grad += 4) {
      const old = keep * load<f32>(w);
      let g = load<f32>(grad);
      if (weightDecay != 0) g = g + weightDecay * old;
      const first = beta1 * load<f32>(m) + gain1 * g;
      const second = beta2 * load<f32>(v) + gain2 * g * g;
      store<f32>(m, first);
      store<f32>(v, second);
      store<f32>(w, old - (stepSize * first) / (sqrt<f32>(second) / rootCorrection + eps));
    }
  }
  return numRows;
}
