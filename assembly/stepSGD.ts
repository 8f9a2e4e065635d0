import { firstRowOutside, rowStart } from "./rows";

/**
 * One step of stochastic gradient descent, in place. See src/backend/kernels.ts for the promise, src/backend/js/stepSGD.ts for the
 * specification.
 */
export function stepSGD(
  weight: usize,
  momentumBuffer: usize,
  numEmbeddings: u32,
  embeddingDim: u32,
  rows: usize,
  numRows: u32,
  grad: usize,
  lr: f32,
  momentum: f32,
  undamped: f32,
  nesterov: bool,
  weightDecay: f32,
): u32 {
  const done = firstRowOutside(rows, numRows, numEmbeddings);
  if (done < numRows) return done;
  const rowBytes = (embeddingDim as usize) << 2;
  for (let r: u32 = 0; r < numRows; r++) {
    const start = rowStart(rows, r, rowBytes);
    let w = weight + start;
    let b = momentumBuffer + start;
    const end = w + rowBytes;
    if (ASC_FEATURE_SIMD) {
      for (const stop = w + (rowBytes & ~15); w < stop; w += 16, b += 16, grad += 16) {
        const old = v128.load(w);
        let g = v128.load(grad);
        if (weightDecay != 0) g = f32x4.add(g, f32x4.mul(f32x4.splat(weightDecay), old));
        if (momentumBuffer != 0) {
          const kept = f32x4.mul(f32x4.splat(momentum), v128.load(b));
          const direction = f32x4.add(kept, f32x4.mul(f32x4.splat(undamped), g));
          v128.store(b, direction);
          g = nesterov ? f32x4.add(g, f32x4.mul(f32x4.splat(momentum), direction)) : direction;
        }
        v128.store(w, f32x4.sub(old, f32x4.mul(f32x4.splat(lr), g)));
      }
    }
    for (; w < end; w += 4, b += 4, grad += 4) {
      const old = load<f32>(w);
      let g = load<f32>(grad);
      if (weightDecay != 0) g = g + weightDecay * old;
      if (momentumBuffer != 0) {
        const direction = momentum * load<f32>(b) + undamped * g;
        store<f32>(b, direction);
        g = nesterov ? g + momentum * direction : direction;
      }
      store<f32>(w, old - lr * g);
    }
  }
  return numRows;
}
