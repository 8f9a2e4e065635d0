import { blockLength, boxMuller } from "./boxMuller.js";
import type { Generator } from "./generator.js";

/** How many values go through all steps at a time: whole blocks, few enough to stay in the cache. */
const chunkLength = 4096;

/**
 * Fills `out` with standard normal samples: `torch.empty(n).normal_(generator=generator)`, bit for bit, as PyTorch's
 * CPU build with AVX2 (or AVX-512) draws them (`ATen/native/cpu/DistributionTemplates.h`, `avx_mathfun.h`).
 *
 * Fewer than 16 samples are drawn with `generator.normal64`, which keeps every second one for the next such fill. More
 * are drawn as n uniform numbers, of which each block of 16 becomes 16 samples; a rest below 16 is drawn anew together
 * with the samples before it, so that the last 16 values are one block too: n + 16 draws.
 *
 * @param out any length, also 0
 * @param generator the stream to draw from
 * @returns `out`
 * @example
 * import { Generator } from "nn-embedding";
 * import { fillNormal } from "./normal.js";
 * const table = fillNormal(new Float32Array(24), new Generator(123));
 * table[0].toFixed(4); // => "0.3374"
 */
export function fillNormal(out: Float32Array, generator: Generator): Float32Array {
  if (out.length < blockLength) {
    for (let i = 0; i < out.length; i++) out[i] = generator.normal64() + 0;
    return out;
  }
  for (let start = 0; start < out.length; start += chunkLength) {
    const chunk = generator.fillFloat32(out.subarray(start, start + chunkLength));
    finish(chunk.subarray(0, chunk.length - (chunk.length % blockLength)));
  }
  if (out.length % blockLength !== 0) finish(generator.fillFloat32(out.subarray(out.length - blockLength)));
  return out;
}

/** Whole blocks of uniform numbers to samples. PyTorch adds a mean of 0 to them, and so do we: there is no -0. */
function finish(values: Float32Array): void {
  boxMuller(values);
  for (let i = 0; i < values.length; i++) values[i] += 0;
}
