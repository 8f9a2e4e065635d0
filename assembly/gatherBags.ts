import { bagMax, bagMean } from "./bagModes";
import { firstOutside } from "./firstOutside";
import { touchedAtOnce, touchRows } from "./rows";
import { stepFactors } from "./scratch";

/** Bytes of a row that stay in registers while the rows of a bag pass by: 32 floats. */
const passBytes: usize = 128;

/** How long rows may be that are brought near before the first pass. */
const longestTouched: usize = 512;

/** A table up to this size is near already: half of a second-level cache and more. */
const nearBytes: u64 = 1 << 20;

/**
 * out[b, :] = the sum, mean or maximum of the rows of bag b. sampleWeights is 0 when there are none.
 * See src/backend/kernels.ts for the promise, src/backend/js/gatherBags.ts for the specification.
 */
export function gatherBags(
  weight: usize,
  numEmbeddings: u32,
  embeddingDim: u32,
  indices: usize,
  numIndices: u32,
  offsets: usize,
  numBags: u32,
  mode: u32,
  paddingIdx: u32,
  sampleWeights: usize,
  out: usize,
): u32 {
  const done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  const rowBytes = (embeddingDim as usize) << 2;
  const isFar = rowBytes <= longestTouched && (numEmbeddings as u64) * rowBytes > nearBytes;
  // Without weights every row is multiplied by the same 1, which is the row itself.
  const weightStep: usize = sampleWeights == 0 ? 0 : 4;
  if (sampleWeights == 0) {
    sampleWeights = stepFactors;
    store<f32>(sampleWeights, 1);
  }
  for (let b: u32 = 0; b < numBags; b++, offsets += 4, out += rowBytes) {
    let start = indices + ((load<u32>(offsets) as usize) << 2);
    const end = indices + ((load<u32>(offsets, 4) as usize) << 2);
    let count: u32 = 0;
    for (let at = start; at < end; at += 4) count += u32(load<u32>(at) != paddingIdx);
    if (count == 0) {
      memory.fill(out, 0, rowBytes);
      continue;
    }
    while (load<u32>(start) == paddingIdx) start += 4;
    if (isFar) touchRows(weight, rowBytes, start, min(end, start + touchedAtOnce));
    const divisor: f32 = mode == bagMean ? (count as f32) : 1;
    const weights = weightStep == 0 ? sampleWeights : sampleWeights + (start - indices);
    let column: usize = 0;
    if (ASC_FEATURE_SIMD) {
      for (; column + passBytes <= rowBytes; column += passBytes) {
        const table = weight + column;
        const to = out + column;
        if (mode == bagMax) maxPass(table, rowBytes, start, end, paddingIdx, to);
        else sumPass(table, rowBytes, start, end, paddingIdx, weights, weightStep, divisor, to);
      }
      for (; column + 16 <= rowBytes; column += 16) {
        const table = weight + column;
        let sum = mode == bagMax ? v128.load(table + (load<u32>(start) as usize) * rowBytes) : f32x4.splat(0);
        for (let at = start, w = weights; at < end; at += 4, w += weightStep) {
          const row = load<u32>(at);
          if (row == paddingIdx) continue;
          const value = v128.load(table + (row as usize) * rowBytes);
          if (mode == bagMax) sum = f32x4.pmax(sum, value);
          else sum = f32x4.add(sum, f32x4.mul(value, v128.load32_splat(w)));
        }
        v128.store(out + column, divisor > 1 ? f32x4.div(sum, f32x4.splat(divisor)) : sum);
      }
    }
    for (; column < rowBytes; column += 4) {
      const table = weight + column;
      let sum: f32 = mode == bagMax ? load<f32>(table + (load<u32>(start) as usize) * rowBytes) : 0;
      for (let at = start, w = weights; at < end; at += 4, w += weightStep) {
        const row = load<u32>(at);
        if (row == paddingIdx) continue;
        const value = load<f32>(table + (row as usize) * rowBytes);
        if (mode == bagMax) sum = value > sum ? value : sum;
        else sum += value * load<f32>(w);
      }
      store<f32>(out + column, divisor > 1 ? sum / divisor : sum);
    }
  }
  return numIndices;
}

// A pass: 8 vectors of columns from `weight` on, of the rows whose indices lie in [at, end). The first of them is no padding.

/** Their sum, each multiplied by its float at `weights`, from where on they lie `weightStep` bytes apart; divided. */
function sumPass(
  weight: usize,
  rowBytes: usize,
  at: usize,
  end: usize,
  paddingIdx: u32,
  weights: usize,
  weightStep: usize,
  divisor: f32,
  out: usize,
): void {
  let s0 = f32x4.splat(0),
    s1 = s0,
    s2 = s0,
    s3 = s0,
    s4 = s0,
    s5 = s0,
    s6 = s0,
    s7 = s0;
  for (; at < end; at += 4, weights += weightStep) {
    const index = load<u32>(at);
    if (index == paddingIdx) continue;
    const row = weight + (index as usize) * rowBytes;
    const scale = v128.load32_splat(weights);
    s0 = f32x4.add(s0, f32x4.mul(v128.load(row), scale));
    s1 = f32x4.add(s1, f32x4.mul(v128.load(row, 16), scale));
    s2 = f32x4.add(s2, f32x4.mul(v128.load(row, 32), scale));
    s3 = f32x4.add(s3, f32x4.mul(v128.load(row, 48), scale));
    s4 = f32x4.add(s4, f32x4.mul(v128.load(row, 64), scale));
    s5 = f32x4.add(s5, f32x4.mul(v128.load(row, 80), scale));
    s6 = f32x4.add(s6, f32x4.mul(v128.load(row, 96), scale));
    s7 = f32x4.add(s7, f32x4.mul(v128.load(row, 112), scale));
  }
  storePass(out, divisor, s0, s1, s2, s3, s4, s5, s6, s7);
}

/** Their maximum: pmax(a, b) is a < b ? b : a. */
function maxPass(weight: usize, rowBytes: usize, at: usize, end: usize, paddingIdx: u32, out: usize): void {
  let row = weight + (load<u32>(at) as usize) * rowBytes;
  let s0 = v128.load(row),
    s1 = v128.load(row, 16),
    s2 = v128.load(row, 32),
    s3 = v128.load(row, 48);
  let s4 = v128.load(row, 64),
    s5 = v128.load(row, 80),
    s6 = v128.load(row, 96),
    s7 = v128.load(row, 112);
  for (at += 4; at < end; at += 4) {
    const index = load<u32>(at);
    if (index == paddingIdx) continue;
    row = weight + (index as usize) * rowBytes;
    s0 = f32x4.pmax(s0, v128.load(row));
    s1 = f32x4.pmax(s1, v128.load(row, 16));
    s2 = f32x4.pmax(s2, v128.load(row, 32));
    s3 = f32x4.pmax(s3, v128.load(row, 48));
    s4 = f32x4.pmax(s4, v128.load(row, 64));
    s5 = f32x4.pmax(s5, v128.load(row, 80));
    s6 = f32x4.pmax(s6, v128.load(row, 96));
    s7 = f32x4.pmax(s7, v128.load(row, 112));
  }
  storePass(out, 1, s0, s1, s2, s3, s4, s5, s6, s7);
}

function storePass(
  out: usize,
  divisor: f32,
  s0: v128,
  s1: v128,
  s2: v128,
  s3: v128,
  s4: v128,
  s5: v128,
  s6: v128,
  s7: v128,
): void {
  if (divisor > 1) {
    const by = f32x4.splat(divisor);
    s0 = f32x4.div(s0, by);
    s1 = f32x4.div(s1, by);
    s2 = f32x4.div(s2, by);
    s3 = f32x4.div(s3, by);
    s4 = f32x4.div(s4, by);
    s5 = f32x4.div(s5, by);
    s6 = f32x4.div(s6, by);
    s7 = f32x4.div(s7, by);
  }
  v128.store(out, s0);
  v128.store(out, s1, 16);
  v128.store(out, s2, 32);
  v128.store(out, s3, 48);
  v128.store(out, s4, 64);
  v128.store(out, s5, 80);
  v128.store(out, s6, 96);
  v128.store(out, s7, 112);
}
