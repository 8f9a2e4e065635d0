import { firstRowOutside, rowStart } from "./rows";

/**
 * One step of Adagrad, in place. See src/backend/kernels.ts for the promise, src/backend/js/stepAdagrad.ts for the specification.
 */
export function stepAdagrad(
  weight: usize,
  sum: usize,
  numEmbeddings: u32,
  embeddingDim: u32,
  rows: usize,
  numRows: u32,
  grad: usize,
  lr: f32,
  eps: f32,
  weightDecay: f32,
): u32 {
  const done = firstRowOutside(rows, numRows, numEmbeddings);
  if (done < numRows) return done;
  const rowBytes = (embeddingDim as usize) << 2;
  for (let r: u32 = 0; r < numRows; r++) {
    const start = rowStart(rows, r, rowBytes);
    let w = weight + start;
    let s = sum + start;
    const end = w + rowBytes;
    if (ASC_FEATURE_SIMD) {
      for (const stop = w + (rowBytes & ~15); w < stop; w += 16, s += 16, grad += 16) {
        const old = v128.load(w);
        let g = v128.load(grad);
        if (weightDecay != 0) g = f32x4.add(g, f32x4.mul(f32x4.splat(weightDecay), old));
        const squares = f32x4.add(v128.load(s), f32x4.mul(g, g));
        v128.store(s, squares);
        const root = f32x4.add(f32x4.sqrt(squares), f32x4.splat(eps));
        v128.store(w, f32x4.sub(old, f32x4.div(f32x4.mul(f32x4.splat(lr), g), root)));
      }
    }
    for (; w < end; w += 4, s += 4, grad += 4) {
      const old = load<f32>(w);
      let g = load<f32>(grad);
      if (weightDecay != 0) g = g + weightDecay * old;
      const squares = load<f32>(s) + g * g;
      store<f32>(s, squares);
      store<f32>(w, old - (lr * g) / (sqrt<f32>(squares) + eps));
    }
  }
  return numRows;
}
