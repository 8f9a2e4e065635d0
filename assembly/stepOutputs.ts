import { dot } from "./dot";
import { fold } from "./lanes";
import { stepFactors } from "./scratch";
import { sigmoid, sigmoidFour } from "./sigmoid";

/**
 * The output side of one tuple: moves the rows outputs[0] … outputs[numNegatives] of outputWeight and leaves the gradient of hidden at
 * `grad`. See src/backend/kernels.ts, stepSkipGram.
 */
export function stepOutputs(
  hidden: usize,
  outputWeight: usize,
  embeddingDim: u32,
  outputs: usize,
  numNegatives: u32,
  lr: f32,
  grad: usize,
): void {
  const rowBytes = (embeddingDim as usize) << 2;
  const count = numNegatives + 1;
  let k: u32 = 0;
  if (ASC_FEATURE_SIMD) {
    for (; k + 3 <= count; k += 3) {
      const at = (k as usize) << 2;
      scoreThree(
        hidden,
        outputWeight + (load<u32>(outputs + at) as usize) * rowBytes,
        outputWeight + (load<u32>(outputs + at, 4) as usize) * rowBytes,
        outputWeight + (load<u32>(outputs + at, 8) as usize) * rowBytes,
        embeddingDim,
        stepFactors + at,
      );
    }
  }
  for (; k < count; k++) {
    const at = (k as usize) << 2;
    const row = outputWeight + (load<u32>(outputs + at) as usize) * rowBytes;
    store<f32>(
      stepFactors + at,
      ASC_FEATURE_SIMD ? dotLanes(hidden, row, embeddingDim) : dot(hidden, row, embeddingDim),
    );
  }
  // Factors go through memory: V8 would sink a lane of a vector, and the vector with it, into the loops that use it.
  for (k = 0; k < count; k += 4) {
    const at = stepFactors + ((k as usize) << 2);
    if (ASC_FEATURE_SIMD) {
      const label = k == 0 ? f32x4(1, 0, 0, 0) : f32x4.splat(0);
      v128.store(at, f32x4.mul(f32x4.splat(lr), f32x4.sub(label, sigmoidFour(v128.load(at)))));
    } else {
      for (let l: u32 = 0; l < 4; l++) {
        const one = at + ((l as usize) << 2);
        const label: f32 = k + l == 0 ? 1 : 0;
        store<f32>(one, lr * (label - sigmoid(load<f32>(one))));
      }
    }
  }
  k = 0;
  if (ASC_FEATURE_SIMD) {
    for (; k + 3 <= count; k += 3) {
      const at = (k as usize) << 2;
      moveThree(
        hidden,
        outputWeight + (load<u32>(outputs + at) as usize) * rowBytes,
        outputWeight + (load<u32>(outputs + at, 4) as usize) * rowBytes,
        outputWeight + (load<u32>(outputs + at, 8) as usize) * rowBytes,
        embeddingDim,
        stepFactors + at,
        grad,
        k == 0,
      );
    }
  }
  for (; k < count; k++) {
    const at = (k as usize) << 2;
    moveOne(
      hidden,
      outputWeight + (load<u32>(outputs + at) as usize) * rowBytes,
      embeddingDim,
      stepFactors + at,
      grad,
      k == 0,
    );
  }
}

/** scores[r] = hidden . row r. Three rows at a time: V8 has registers for no more. */
function scoreThree(hidden: usize, row0: usize, row1: usize, row2: usize, embeddingDim: u32, scores: usize): void {
  let low0 = f32x4.splat(0),
    low1 = low0,
    low2 = low0,
    high0 = low0,
    high1 = low0,
    high2 = low0;
  for (
    const end = hidden + ((embeddingDim & ~7) << 2);
    hidden < end;
    hidden += 32, row0 += 32, row1 += 32, row2 += 32
  ) {
    const low = v128.load(hidden);
    low0 = f32x4.add(low0, f32x4.mul(low, v128.load(row0)));
    low1 = f32x4.add(low1, f32x4.mul(low, v128.load(row1)));
    low2 = f32x4.add(low2, f32x4.mul(low, v128.load(row2)));
    const high = v128.load(hidden, 16);
    high0 = f32x4.add(high0, f32x4.mul(high, v128.load(row0, 16)));
    high1 = f32x4.add(high1, f32x4.mul(high, v128.load(row1, 16)));
    high2 = f32x4.add(high2, f32x4.mul(high, v128.load(row2, 16)));
  }
  if (embeddingDim & 4) {
    const low = v128.load(hidden);
    low0 = f32x4.add(low0, f32x4.mul(low, v128.load(row0)));
    low1 = f32x4.add(low1, f32x4.mul(low, v128.load(row1)));
    low2 = f32x4.add(low2, f32x4.mul(low, v128.load(row2)));
    hidden += 16;
    row0 += 16;
    row1 += 16;
    row2 += 16;
  }
  if (embeddingDim & 3) {
    // Zeros in the lanes that the tail leaves out: they change no sum.
    const few = embeddingDim & 3;
    const tail = loadFew(hidden, few);
    const part0 = f32x4.mul(tail, loadFew(row0, few));
    const part1 = f32x4.mul(tail, loadFew(row1, few));
    const part2 = f32x4.mul(tail, loadFew(row2, few));
    if (embeddingDim & 4) {
      high0 = f32x4.add(high0, part0);
      high1 = f32x4.add(high1, part1);
      high2 = f32x4.add(high2, part2);
    } else {
      low0 = f32x4.add(low0, part0);
      low1 = f32x4.add(low1, part1);
      low2 = f32x4.add(low2, part2);
    }
  }
  store<f32>(scores, fold(low0, high0));
  store<f32>(scores, fold(low1, high1), 4);
  store<f32>(scores, fold(low2, high2), 8);
}

/** The same of one row. */
function dotLanes(a: usize, b: usize, k: u32): f32 {
  let low = f32x4.splat(0),
    high = low;
  for (const end = a + ((k & ~7) << 2); a < end; a += 32, b += 32) {
    low = f32x4.add(low, f32x4.mul(v128.load(a), v128.load(b)));
    high = f32x4.add(high, f32x4.mul(v128.load(a, 16), v128.load(b, 16)));
  }
  if (k & 4) {
    low = f32x4.add(low, f32x4.mul(v128.load(a), v128.load(b)));
    if (k & 3) high = f32x4.add(high, f32x4.mul(loadFew(a + 16, k & 3), loadFew(b + 16, k & 3)));
  } else if (k & 3) {
    low = f32x4.add(low, f32x4.mul(loadFew(a, k & 3), loadFew(b, k & 3)));
  }
  return fold(low, high);
}

/** 1 to 3 floats, zeros behind them. */
function loadFew(from: usize, count: u32): v128 {
  if (count == 1) return v128.load32_zero(from);
  const two = v128.load64_zero(from);
  return count == 2 ? two : f32x4.replace_lane(two, 2, load<f32>(from, 8));
}

/** For r = 0, 1, 2 in turn: grad += factors[r] * row r, row r += factors[r] * hidden. With `first`, grad starts with the first product. */
function moveThree(
  hidden: usize,
  row0: usize,
  row1: usize,
  row2: usize,
  embeddingDim: u32,
  factors: usize,
  grad: usize,
  first: bool,
): void {
  const factor0 = v128.load32_splat(factors);
  const factor1 = v128.load32_splat(factors, 4);
  const factor2 = v128.load32_splat(factors, 8);
  const start = grad;
  const end = grad + ((embeddingDim & ~3) << 2);
  if (first) {
    for (; grad < end; grad += 16, hidden += 16, row0 += 16, row1 += 16, row2 += 16) {
      const input = v128.load(hidden);
      let old = v128.load(row0);
      let sum = f32x4.mul(factor0, old);
      v128.store(row0, f32x4.add(old, f32x4.mul(factor0, input)));
      old = v128.load(row1); // behind the store: it may be the same row
      sum = f32x4.add(sum, f32x4.mul(factor1, old));
      v128.store(row1, f32x4.add(old, f32x4.mul(factor1, input)));
      old = v128.load(row2);
      sum = f32x4.add(sum, f32x4.mul(factor2, old));
      v128.store(row2, f32x4.add(old, f32x4.mul(factor2, input)));
      v128.store(grad, sum);
    }
  } else {
    for (; grad < end; grad += 16, hidden += 16, row0 += 16, row1 += 16, row2 += 16) {
      const input = v128.load(hidden);
      let old = v128.load(row0);
      let sum = f32x4.add(v128.load(grad), f32x4.mul(factor0, old));
      v128.store(row0, f32x4.add(old, f32x4.mul(factor0, input)));
      old = v128.load(row1);
      sum = f32x4.add(sum, f32x4.mul(factor1, old));
      v128.store(row1, f32x4.add(old, f32x4.mul(factor1, input)));
      old = v128.load(row2);
      sum = f32x4.add(sum, f32x4.mul(factor2, old));
      v128.store(row2, f32x4.add(old, f32x4.mul(factor2, input)));
      v128.store(grad, sum);
    }
  }
  const tail = embeddingDim & 3;
  if (tail == 0) return;
  const left = start + ((embeddingDim as usize) << 2) - grad;
  moveFloats(hidden, row0, left, load<f32>(factors), grad, first);
  moveFloats(hidden, row1, left, load<f32>(factors, 4), grad, false);
  moveFloats(hidden, row2, left, load<f32>(factors, 8), grad, false);
}

/** The same of one row. */
function moveOne(hidden: usize, row: usize, embeddingDim: u32, factors: usize, grad: usize, first: bool): void {
  let left = (embeddingDim as usize) << 2;
  if (ASC_FEATURE_SIMD) {
    const factor = v128.load32_splat(factors);
    for (; left >= 16; left -= 16, grad += 16, hidden += 16, row += 16) {
      const old = v128.load(row);
      const product = f32x4.mul(factor, old);
      v128.store(grad, first ? product : f32x4.add(v128.load(grad), product));
      v128.store(row, f32x4.add(old, f32x4.mul(factor, v128.load(hidden))));
    }
  }
  moveFloats(hidden, row, left, load<f32>(factors), grad, first);
}

/** The same of a few floats, `bytes` of them. */
function moveFloats(hidden: usize, row: usize, bytes: usize, factor: f32, grad: usize, first: bool): void {
  for (let at: usize = 0; at < bytes; at += 4) {
    const old = load<f32>(row + at);
    const product = factor * old;
    store<f32>(grad + at, first ? product : load<f32>(grad + at) + product);
    store<f32>(row + at, old + factor * load<f32>(hidden + at));
  }
}

/** A table of more bytes is seldom in the caches: touching rows of a smaller one costs a tenth of the speed, of a larger one it gains that. */
const largeTable: u64 = 4194304;

/** Tuples ahead of the work whose rows are touched. */
export const tuplesAhead: u32 = 2;

/** Whether it pays to touch the rows of a tuple before its turn comes. */
export function isLarge(numEmbeddings: u32, rowBytes: usize): bool {
  return (numEmbeddings as u64) * rowBytes > largeTable;
}

/** Reads a word of each line of some rows, so that all of them are under way at once: WebAssembly cannot ask for memory otherwise. */
export function touchRows(table: usize, rowBytes: usize, rows: usize, count: u32): void {
  let seen: u32 = 0;
  for (const end = rows + ((count as usize) << 2); rows < end; rows += 4) {
    let at = table + (load<u32>(rows) as usize) * rowBytes;
    for (const stop = at + min(rowBytes, 1024); at < stop; at += 64) seen |= load<u32>(at);
  }
  store<u32>(stepFactors, seen); // where the next tuple writes anyway: a load of no use might be left out
}
