import { rangeError, show } from "../errors.js";
import { blockLength, boxMuller } from "./boxMuller.js";
import { fusedMultiplyAdd, fusedMultiplyAddDouble } from "./fused.js";
import type { Generator } from "./generator.js";

/** How many values go through all steps at a time: whole blocks, few enough to stay in the cache. */
const chunkLength = 4096;

/**
 * Fills `out` with normal samples: `torch.empty(n).normal_(mean, std, generator=generator)`, bit for bit, as PyTorch's
 * CPU build with AVX2 (or AVX-512) draws them (`ATen/native/cpu/DistributionTemplates.h`, `avx_mathfun.h`).
 *
 * Fewer than 16 samples are drawn with `generator.normal64`, which keeps every second one for the next such fill. More
 * are drawn as n uniform numbers, of which each block of 16 becomes 16 samples; a rest below 16 is drawn anew together
 * with the samples before it, so that the last 16 values are one block too: n + 16 draws.
 *
 * @param out any length, also 0
 * @param generator the stream to draw from
 * @param mean a finite number
 * @param std the standard deviation, finite and not negative
 * @returns `out`
 * @throws RangeError [ERR_OUT_OF_RANGE] if `std` is negative
 * @example
 * import { Generator } from "nn-embedding";
 * import { fillNormal } from "./normal.js";
 * const table = fillNormal(new Float32Array(24), new Generator(123));
 * table[0].toFixed(4); // => "0.3374"
 */
export function fillNormal(out: Float32Array, generator: Generator, mean = 0, std = 1): Float32Array {
  if (std < 0) throw rangeError("ERR_OUT_OF_RANGE", `std is ${show(std)}, expected a finite number >= 0`);

  if (out.length < blockLength) {
    for (let i = 0; i < out.length; i++) out[i] = fusedMultiplyAddDouble(generator.normal64(), std, mean);
    return out;
  }
  for (let start = 0; start < out.length; start += chunkLength) {
    const chunk = generator.fillFloat32(out.subarray(start, start + chunkLength));
    finish(chunk.subarray(0, chunk.length - (chunk.length % blockLength)), mean, std);
  }
  if (out.length % blockLength !== 0) finish(generator.fillFloat32(out.subarray(out.length - blockLength)), mean, std);
  return out;
}

/** Whole blocks of uniform numbers to samples * std + mean, in floats and with one rounding. */
function finish(values: Float32Array, mean: number, std: number): void {
  boxMuller(values);
  if (mean === 0 && std === 1) {
    for (let i = 0; i < values.length; i++) values[i] += 0; // as the fused operation does: no -0
    return;
  }
  const m = Math.fround(mean);
  const s = Math.fround(std);
  for (let i = 0; i < values.length; i++) values[i] = fusedMultiplyAdd(values[i], s, m);
}
