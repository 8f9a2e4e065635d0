/** Floats to check kernels with: drawn here, compared here. */
import type { Generator } from "../random/generator.js";

/** Floats in [-0.5, 0.5): sums of them round at every step, and stay small. */
export function drawFloats(count: number, generator: Generator): Float32Array {
  return fillFloats(new Float32Array(count), generator);
}

/** As {@link drawFloats}, into memory that is there. */
export function fillFloats(floats: Float32Array, generator: Generator): Float32Array {
  generator.fillFloat32(floats);
  for (let i = 0; i < floats.length; i++) floats[i] -= 0.5;
  return floats;
}

/** The first place where the two differ in a bit, or -1. NaNs are all alike: their payloads are the processor's business. */
export function firstDifference(actual: Float32Array | Uint32Array, expected: Float32Array | Uint32Array): number {
  const actualBits = bits(actual);
  const expectedBits = bits(expected);
  for (let i = 0; i < expectedBits.length; i++) {
    if (actualBits[i] === expectedBits[i]) continue;
    if (Number.isNaN(actual[i]) && Number.isNaN(expected[i])) continue;
    return i;
  }
  return -1;
}

function bits({ buffer, byteOffset, length }: Float32Array | Uint32Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length);
}
