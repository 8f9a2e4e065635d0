/** The position of the first index that is not in [0, numEmbeddings), or numIndices when all are inside. */
export function firstOutside(indices: usize, numIndices: u32, numEmbeddings: u32): u32 {
  let i: u32 = 0;
  if (ASC_FEATURE_SIMD) {
    const limits = i32x4.splat(numEmbeddings);
    for (; i + 4 <= numIndices; i += 4) {
      if (v128.any_true(i32x4.ge_u(v128.load(indices + ((i as usize) << 2)), limits))) break;
    }
  }
  while (i < numIndices && load<u32>(indices + ((i as usize) << 2)) < numEmbeddings) i++;
  return i;
}
