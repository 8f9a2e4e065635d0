import { firstOutside } from "./firstOutside";
import { addRow } from "./lanes";
import { packed, packedFloats } from "./scratch";
import { isLarge, stepOutputs, touchRows, tuplesAhead } from "./stepOutputs";

/**
 * word2vec's continuous bag of words, in place, tuple after tuple.
 * See src/backend/kernels.ts for the promise, src/backend/js/stepCbow.ts for the specification.
 */
export function stepCbow(
  inputWeight: usize,
  outputWeight: usize,
  numEmbeddings: u32,
  embeddingDim: u32,
  inputs: usize,
  numInputs: u32,
  offsets: usize,
  outputs: usize,
  numTuples: u32,
  numNegatives: u32,
  lr: usize,
): u32 {
  const width = 1 + numNegatives;
  const done = min(
    firstBag(inputs, numInputs, offsets, numTuples, numEmbeddings),
    firstOutside(outputs, numTuples * width, numEmbeddings) / width,
  );
  if (done < numTuples) return done;
  const rowBytes = (embeddingDim as usize) << 2;
  const widthBytes = (width as usize) << 2;
  const mean = packed + (((packedFloats >> 1) as usize) << 2); // behind grad: rows are at most half as long as `packed`
  const bytesAhead = (tuplesAhead as usize) * widthBytes;
  const touched = isLarge(numEmbeddings, rowBytes) ? numTuples : 0;
  for (let t: u32 = 0; t < numTuples; t++, offsets += 4, lr += 4, outputs += widthBytes) {
    if (t + tuplesAhead < touched) touchRows(outputWeight, rowBytes, outputs + bytesAhead, width);
    const from = inputs + ((load<u32>(offsets) as usize) << 2);
    const end = inputs + ((load<u32>(offsets, 4) as usize) << 2);
    if (from == end) continue;
    memory.copy(mean, inputWeight + (load<u32>(from) as usize) * rowBytes, rowBytes);
    for (let at = from + 4; at < end; at += 4)
      addRow(mean, inputWeight + (load<u32>(at) as usize) * rowBytes, embeddingDim);
    const one: f32 = 1;
    scaleRow(mean, one / (((end - from) >> 2) as f32), embeddingDim);
    stepOutputs(mean, outputWeight, embeddingDim, outputs, numNegatives, load<f32>(lr), packed);
    for (let at = from; at < end; at += 4)
      addRow(inputWeight + (load<u32>(at) as usize) * rowBytes, packed, embeddingDim);
  }
  return numTuples;
}

/** The first tuple whose offsets or inputs are out of range, or numTuples when none is. */
function firstBag(inputs: usize, numInputs: u32, offsets: usize, numTuples: u32, numEmbeddings: u32): u32 {
  for (let t: u32 = 0; t < numTuples; t++, offsets += 4) {
    const from = load<u32>(offsets);
    const end = load<u32>(offsets, 4);
    if (from > end || end > numInputs) return t;
    const count = end - from;
    if (firstOutside(inputs + ((from as usize) << 2), count, numEmbeddings) < count) return t;
  }
  return numTuples;
}

function scaleRow(row: usize, factor: f32, embeddingDim: u32): void {
  const end = row + ((embeddingDim as usize) << 2);
  if (ASC_FEATURE_SIMD) {
    const each = f32x4.splat(factor);
    for (const stop = row + ((embeddingDim & ~3) << 2); row < stop; row += 16)
      v128.store(row, f32x4.mul(v128.load(row), each));
  }
  for (; row < end; row += 4) store<f32>(row, load<f32>(row) * factor);
}
