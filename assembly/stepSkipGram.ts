import { firstOutside } from "./firstOutside";
import { addRow } from "./lanes";
import { packed } from "./scratch";
import { isLarge, stepOutputs, touchRows, tuplesAhead } from "./stepOutputs";

/**
 * word2vec's skip-gram with negative sampling, in place, tuple after tuple.
 * See src/backend/kernels.ts for the promise, src/backend/js/stepSkipGram.ts for the specification.
 */
export function stepSkipGram(
  inputWeight: usize,
  outputWeight: usize,
  numEmbeddings: u32,
  embeddingDim: u32,
  inputs: usize,
  outputs: usize,
  numTuples: u32,
  numNegatives: u32,
  lr: usize,
): u32 {
  const width = 1 + numNegatives;
  const done = min(
    firstOutside(inputs, numTuples, numEmbeddings),
    firstOutside(outputs, numTuples * width, numEmbeddings) / width,
  );
  if (done < numTuples) return done;
  const rowBytes = (embeddingDim as usize) << 2;
  const widthBytes = (width as usize) << 2;
  const bytesAhead = (tuplesAhead as usize) * widthBytes;
  const touched = isLarge(numEmbeddings, rowBytes) ? numTuples : 0;
  for (let t: u32 = 0; t < numTuples; t++, inputs += 4, lr += 4, outputs += widthBytes) {
    if (t + tuplesAhead < touched) touchRows(outputWeight, rowBytes, outputs + bytesAhead, width);
    const row = inputWeight + (load<u32>(inputs) as usize) * rowBytes;
    stepOutputs(row, outputWeight, embeddingDim, outputs, numNegatives, load<f32>(lr), packed);
    addRow(row, packed, embeddingDim);
  }
  return numTuples;
}
