/**
 * Fixed working memory of the matrix kernels, at the bottom of linear memory: kernels never allocate.
 * It holds zeros at the start and is imported memory, so no data segment is emitted; nothing in it outlives a call.
 */

/** 256 k by 512 columns of b, or the packed rows of a: half of a 1 MiB second-level cache. */
export const packedFloats: u32 = 131072;
export const packed: usize = memory.data(524288, 64);

/** 4 rows by 4,096 k: the panel that stays in the first-level cache. */
export const panelFloats: u32 = 16384;
export const panel: usize = memory.data(65536, 64);

/** One tile of sums, on its way to an edge of the output. */
export const tileSums: usize = memory.data(256, 64);

/** The factors of a training step: those of 1 + 63 rows; or the weight of all rows of bags without weights. */
export const stepFactors: usize = memory.data(256, 64);

/** The first address that belongs to the host. */
export function heapBase(): usize {
  return __heap_base;
}
