import { firstRowOutside, rowStart } from "./rows";

/**
 * One step of Adam as torch.optim.SparseAdam writes it, in place. See src/backend/kernels.ts for the promise,
 * src/backend/js/stepSparseAdam.ts for the specification.
 */
export function stepSparseAdam(
  weight: usize,
  expAvg: usize,
  expAvgSq: usize,
  numEmbeddings: u32,
  embeddingDim: u32,
  rows: usize,
  numRows: u32,
  grad: usize,
  stepSize: f32,
  gain1: f32,
  gain2: f32,
  eps: f32,
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
        const g = v128.load(grad);
        let first = v128.load(m);
        let second = v128.load(v);
        first = f32x4.add(first, f32x4.mul(f32x4.sub(g, first), f32x4.splat(gain1)));
        second = f32x4.add(second, f32x4.mul(f32x4.sub(f32x4.mul(g, g), second), f32x4.splat(gain2)));
        v128.store(m, first);
        v128.store(v, second);
        const ratio = f32x4.div(first, f32x4.add(f32x4.sqrt(second), f32x4.splat(eps)));
        v128.store(w, f32x4.sub(v128.load(w), f32x4.mul(f32x4.splat(stepSize), ratio)));
      }
    }
    for (; w < end; w += 4, m += 4, v += 4, grad += 4) {
      const g = load<f32>(grad);
      let first = load<f32>(m);
      let second = load<f32>(v);
      first = first + (g - first) * gain1;
      second = second + (g * g - second) * gain2;
      store<f32>(m, first);
      store<f32>(v, second);
      store<f32>(w, load<f32>(w) - stepSize * (first / (sqrt<f32>(second) + eps)));
    }
  }
  return numRows;
}
