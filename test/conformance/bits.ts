const floatOfBits = new Float32Array(1);
const bitsOfFloat = new Uint32Array(floatOfBits.buffer);

/** The bits of each float, as a view. */
export function bitsOf(floats: Float32Array): Uint32Array {
  return new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
}

/** The float that has these bits. */
export function floatWith(bits: number): number {
  bitsOfFloat[0] = bits;
  return floatOfBits[0];
}

/**
 * Throws unless both hold the same bits, any NaN being as good as any other: the law leaves its payload open.
 * Tells the first position that differs, and both values there with their bits.
 */
export function expectSameBits(actual: Float32Array, expected: Float32Array, what: string): void {
  if (actual.length !== expected.length) {
    throw new Error(`${what}: ${actual.length} floats, expected ${expected.length}`);
  }
  const actualBits = bitsOf(actual);
  const expectedBits = bitsOf(expected);
  for (let i = 0; i < actual.length; i++) {
    if (actualBits[i] === expectedBits[i] || (Number.isNaN(actual[i]) && Number.isNaN(expected[i]))) continue;
    throw new Error(
      `${what}: [${i}] is ${told(actual[i], actualBits[i])}, expected ${told(expected[i], expectedBits[i])}`,
    );
  }
}

function told(value: number, bits: number): string {
  return `${Object.is(value, -0) ? "-0" : value} (0x${bits.toString(16).padStart(8, "0")})`;
}
