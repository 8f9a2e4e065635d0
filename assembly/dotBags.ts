import { fewRowsDots } from "./fewRowsDots";
import { firstOutside } from "./firstOutside";

/**
 * out[i] = gradOut[b, :] . weight[indices[i], :] for the indices of each bag b; +0 for padding and for indices in no bag.
 * See src/backend/kernels.ts for the promise, src/backend/js/dotBags.ts for the specification.
 */
export function dotBags(
  weight: usize,
  numEmbeddings: u32,
  embeddingDim: u32,
  indices: usize,
  numIndices: u32,
  offsets: usize,
  numBags: u32,
  paddingIdx: u32,
  gradOut: usize,
  out: usize,
): u32 {
  const done = firstOutside(indices, numIndices, numEmbeddings);
  if (done < numIndices) return done;
  memory.fill(out, 0, (numIndices as usize) << 2);
  const rowBytes = (embeddingDim as usize) << 2;
  for (let b: u32 = 0; b < numBags; b++, offsets += 4, gradOut += rowBytes) {
    const end = load<u32>(offsets, 4);
    for (let i = load<u32>(offsets); i < end; i++) {
      const at = (i as usize) << 2;
      const index = load<u32>(indices + at);
      if (index == paddingIdx) continue;
      fewRowsDots(gradOut, weight + (index as usize) * rowBytes, 1, 1, embeddingDim, false, out + at);
    }
  }
  return numIndices;
}
