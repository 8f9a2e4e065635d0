import { firstOutside } from "./firstOutside";

/**
 * Each element of gradOut goes to the row that its column's maximum was taken from, bag after bag.
 * See src/backend/kernels.ts for the promise, src/backend/js/scatterAddMaxBags.ts for the specification.
 */
export function scatterAddMaxBags(
  gradWeight: usize,
  numRows: u32,
  weight: usize,
  numEmbeddings: u32,
  embeddingDim: u32,
  indices: usize,
  places: usize,
  numIndices: u32,
  offsets: usize,
  numBags: u32,
  paddingIdx: u32,
  gradOut: usize,
): u32 {
  const done = firstOutside(places, firstOutside(indices, numIndices, numEmbeddings), numRows);
  if (done < numIndices) return done;
  const rowBytes = (embeddingDim as usize) << 2;
  for (let b: u32 = 0; b < numBags; b++, offsets += 4, gradOut += rowBytes) {
    let start = indices + ((load<u32>(offsets) as usize) << 2);
    const end = indices + ((load<u32>(offsets, 4) as usize) << 2);
    while (start < end && load<u32>(start) == paddingIdx) start += 4;
    if (start == end) continue;
    let column: usize = 0;
    if (ASC_FEATURE_SIMD) {
      for (; column + 16 <= rowBytes; column += 16) {
        let greatest = v128.load(weight + column + (load<u32>(start) as usize) * rowBytes);
        let best = i32x4.splat(start as i32);
        for (let at = start + 4; at < end; at += 4) {
          const index = load<u32>(at);
          if (index == paddingIdx) continue;
          const value = v128.load(weight + column + (index as usize) * rowBytes);
          const isGreater = f32x4.gt(value, greatest);
          greatest = v128.bitselect(value, greatest, isGreater);
          best = v128.bitselect(i32x4.splat(at as i32), best, isGreater);
        }
        const from = gradOut + column;
        add(gradWeight + column, rowBytes, (i32x4.extract_lane(best, 0) as u32 as usize) - indices + places, from);
        add(
          gradWeight + column + 4,
          rowBytes,
          (i32x4.extract_lane(best, 1) as u32 as usize) - indices + places,
          from + 4,
        );
        add(
          gradWeight + column + 8,
          rowBytes,
          (i32x4.extract_lane(best, 2) as u32 as usize) - indices + places,
          from + 8,
        );
        add(
          gradWeight + column + 12,
          rowBytes,
          (i32x4.extract_lane(best, 3) as u32 as usize) - indices + places,
          from + 12,
        );
      }
    }
    for (; column < rowBytes; column += 4) {
      let greatest = load<f32>(weight + column + (load<u32>(start) as usize) * rowBytes);
      let best = start;
      for (let at = start + 4; at < end; at += 4) {
        const index = load<u32>(at);
        if (index == paddingIdx) continue;
        const value = load<f32>(weight + column + (index as usize) * rowBytes);
        if (value > greatest) {
          greatest = value;
          best = at;
        }
      }
      add(gradWeight + column, rowBytes, best - indices + places, gradOut + column);
    }
  }
  return numIndices;
}

/** One float, to the row that stands at `place`. */
function add(column: usize, rowBytes: usize, place: usize, from: usize): void {
  const to = column + (load<u32>(place) as usize) * rowBytes;
  store<f32>(to, load<f32>(to) + load<f32>(from));
}
