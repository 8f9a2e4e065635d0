import { noPadding } from "../backend/backend.js";
import { coalesce } from "../coalesce.js";
import type { Bags } from "./bags.js";

/** How many rows each bag has, padding left out, at least 1: what a mean divides by. */
export function bagCounts({ rows, offsets, numBags }: Bags, paddingIdx: number): Uint32Array {
  const counts = new Uint32Array(numBags);
  for (let b = 0; b < numBags; b++) {
    let count = 0;
    for (let i = offsets[b]; i < offsets[b + 1]; i++) if (rows[i] !== paddingIdx) count++;
    counts[b] = Math.max(count, 1);
  }
  return counts;
}

/**
 * What the gradient of a bag is multiplied by for each of its rows: the row's weight, divided by how often the row occurs in the bags, then
 * by the bag's count, in doubles and rounded once to f32; no scales where all are 1.
 */
export function scalesOf(bags: Bags, counts: Uint32Array | null, byFrequency: boolean): Float32Array {
  const { rows, offsets, numBags, sampleWeights, isWeighted } = bags;
  if (counts === null && !byFrequency) return sampleWeights;
  const frequencies = byFrequency ? frequenciesOf(bags) : null;
  const scales = new Float32Array(rows.length);
  for (let b = 0; b < numBags; b++) {
    const count = counts === null ? 1 : counts[b];
    for (let i = offsets[b]; i < offsets[b + 1]; i++) {
      const weight = isWeighted ? sampleWeights[i] : 1;
      scales[i] = weight / (frequencies === null ? 1 : frequencies[i]) / count;
    }
  }
  return scales;
}

/** For each index how often the same one occurs in the bags of the call. Those in no bag are neither counted nor told. */
function frequenciesOf({ rows, offsets, numBags }: Bags): Uint32Array {
  const end = offsets[numBags];
  const { rows: distinct, places } = coalesce(rows.subarray(0, end), noPadding);
  const counts = new Uint32Array(distinct.length);
  for (const place of places) counts[place]++;
  return places.map((place) => counts[place]);
}
