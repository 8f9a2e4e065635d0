import { firstRowOutside, rowStart } from "./rows";
import { tileSums } from "./scratch";

/**
 * One step of Adagrad with one scalar a row, in place. See src/backend/kernels.ts for the promise,
 * src/backend/js/stepRowwiseAdagrad.ts for the specification.
 */
export function stepRowwiseAdagrad(
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
  decoupled: bool,
): u32 {
  const done = firstRowOutside(rows, numRows, numEmbeddings);
  if (done < numRows) return done;
  if (embeddingDim == 0) return numRows; // the mean of no squares is no number
  const rowBytes = (embeddingDim as usize) << 2;
  for (let r: u32 = 0; r < numRows; r++) {
    const s = sum + rowStart(rows, r, 4);
    let w = weight + rowStart(rows, r, rowBytes);
    const squares = sumOfSquares(grad, embeddingDim, decoupled ? 0 : weightDecay, w);
    const total = load<f32>(s) + squares / (embeddingDim as f32);
    store<f32>(s, total);
    const rate = lr / (sqrt<f32>(total) + eps);
    const keep: f32 = 1 - (decoupled ? lr : rate) * weightDecay;
    const end = w + rowBytes;
    if (ASC_FEATURE_SIMD) {
      for (const stop = w + (rowBytes & ~15); w < stop; w += 16, grad += 16) {
        const kept = f32x4.mul(f32x4.splat(keep), v128.load(w));
        v128.store(w, f32x4.sub(kept, f32x4.mul(f32x4.splat(rate), v128.load(grad))));
      }
    }
    for (; w < end; w += 4, grad += 4) store<f32>(w, keep * load<f32>(w) - rate * load<f32>(grad));
  }
  return numRows;
}

/** The 8-lane dot product of grad + weightDecay * weight with itself: see dot.ts. */
function sumOfSquares(grad: usize, count: u32, weightDecay: f32, weight: usize): f32 {
  const lanes = tileSums;
  const stop = grad + ((count & ~7) << 2);
  if (ASC_FEATURE_SIMD) {
    let low = f32x4.splat(0);
    let high = low;
    for (; grad < stop; grad += 32, weight += 32) {
      let a = v128.load(grad);
      let b = v128.load(grad, 16);
      if (weightDecay != 0) {
        a = f32x4.add(a, f32x4.mul(f32x4.splat(weightDecay), v128.load(weight)));
        b = f32x4.add(b, f32x4.mul(f32x4.splat(weightDecay), v128.load(weight, 16)));
      }
      low = f32x4.add(low, f32x4.mul(a, a));
      high = f32x4.add(high, f32x4.mul(b, b));
    }
    v128.store(lanes, low);
    v128.store(lanes, high, 16);
  } else {
    memory.fill(lanes, 0, 32);
    for (; grad < stop; grad += 32, weight += 32) {
      for (let lane: usize = 0; lane < 32; lane += 4) addSquare(lanes + lane, grad + lane, weightDecay, weight + lane);
    }
  }
  const tail = ((count & 7) as usize) << 2;
  for (let lane: usize = 0; lane < tail; lane += 4) addSquare(lanes + lane, grad + lane, weightDecay, weight + lane);
  return (
    load<f32>(lanes) +
    load<f32>(lanes, 16) +
    (load<f32>(lanes, 8) + load<f32>(lanes, 24)) +
    (load<f32>(lanes, 4) + load<f32>(lanes, 20) + (load<f32>(lanes, 12) + load<f32>(lanes, 28)))
  );
}

function addSquare(lane: usize, grad: usize, weightDecay: f32, weight: usize): void {
  let g = load<f32>(grad);
  if (weightDecay != 0) g = g + weightDecay * load<f32>(weight);
  store<f32>(lane, load<f32>(lane) + g * g);
}
