import { describe, expect, test } from "vitest";
import { Embedding, Linear } from "../../src/index.js";
import { Generator, manualSeed } from "../../src/random/generator.js";
import { fillNormal } from "../../src/random/normal.js";
import { fillUniform, linearBiasBound, linearWeightBound } from "../../src/random/uniform.js";
import { differingBits, none, openVectors, readVectors } from "./vectors.js";

const vectors = openVectors("random");
const linear = openVectors("linear");

/** Fills of these sizes from one stream, joined. */
function stream(sizes: Iterable<number>, fill: (out: Float32Array) => void): Float32Array {
  const parts = Array.from(sizes, (size) => {
    const out = new Float32Array(size);
    fill(out);
    return out;
  });
  return joined(parts);
}

function joined(parts: readonly Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

test("the vectors were made on a CPU with AVX2", () => {
  const { metadata } = readVectors("random");
  expect(metadata.torch).toMatch(/^1\.13/);
  expect(metadata.cpu).toBe("x86-64, AVX2");
});

describe("normal", () => {
  test("more than 100,000 values in one fill", () => {
    const expected = vectors.floats("normal");
    expect(expected.length).toBeGreaterThanOrEqual(100_000);
    expect(differingBits(fillNormal(new Float32Array(expected.length), new Generator(123)), expected)).toEqual(
      none(expected),
    );
  });

  test("fills of all sizes around 16 in one stream: the cached sample goes from one to the next", () => {
    const generator = new Generator(7);
    const expected = vectors.floats("stream.standard");
    const actual = stream(vectors.int32("stream.sizes"), (out) => fillNormal(out, generator));
    expect(differingBits(actual, expected)).toEqual(none(expected));
  });

  test("a thousand small fills", () => {
    const generator = new Generator(7);
    const expected = vectors.floats("stream.small");
    const actual = stream(Array(1000).fill(7), (out) => fillNormal(out, generator));
    expect(differingBits(actual, expected)).toEqual(none(expected));
  });

  test("the doubles behind small fills are PyTorch's to the fifteenth digit, their floats to the bit", () => {
    // log1p, sin and cos of the C library may differ from ours by a last bit: one float in about 2 ** 30 could show it.
    const generator = new Generator(8);
    const expected = vectors.doubles("stream.double");
    const actual = expected.map(() => generator.normal64());
    for (const [i, value] of expected.entries()) expect(Math.abs(actual[i] / value - 1)).toBeLessThan(2 ** -50);
    expect(differingBits(Float32Array.from(actual), Float32Array.from(expected))).toEqual(none(expected));
  });

  test("a uniform number of 0 has radius 0, and no sample is -0", () => {
    const expected = vectors.floats("zeroRadius");
    const uniform = fillUniform(new Float32Array(64), new Generator(282286), 0, 1);
    expect(uniform[55]).toBe(0);
    expect(differingBits(uniform, vectors.floats("zeroRadius.uniform"))).toEqual(none(uniform));
    expect(differingBits(fillNormal(new Float32Array(64), new Generator(282286)), expected)).toEqual(none(expected));
    expect([expected[55], expected[63]]).toEqual([0, 0]);
  });

  test("1 - u = sqrt 0.5, where the logarithm changes its way", () => {
    const expected = vectors.floats("threshold");
    const uniform = fillUniform(new Float32Array(64), new Generator(325797), 0, 1);
    expect(1 - uniform[39]).toBe(Math.fround(Math.SQRT1_2));
    expect(differingBits(fillNormal(new Float32Array(64), new Generator(325797)), expected)).toEqual(none(expected));
  });
});

describe("uniform", () => {
  const ranges = vectors.doubles("uniform.ranges");
  const count = vectors.shape("uniform")[1];

  test("ranges of all kinds, one after another in one stream", () => {
    const generator = new Generator(14);
    const parts: Float32Array[] = [];
    for (let i = 0; i < ranges.length; i += 2) {
      parts.push(fillUniform(new Float32Array(count), generator, ranges[i], ranges[i + 1]));
    }
    const expected = vectors.floats("uniform");
    expect(differingBits(joined(parts), expected)).toEqual(none(expected));
  });

  test("the bounds of linear layers are the doubles that Python computes", () => {
    const fanIns = linear.int32("bounds.fanIn");
    const weight = linear.doubles("bounds.weight");
    const bias = linear.doubles("bounds.bias");
    expect(differingBits(Float64Array.from(fanIns, linearWeightBound), weight)).toEqual(none(weight));
    expect(differingBits(Float64Array.from(fanIns, linearBiasBound), bias)).toEqual(none(bias));
  });
});

describe("seeds", () => {
  test.each([0n, 1n, 123n, -1n, 2n ** 32n + 5n, 2n ** 63n - 1n, -(2n ** 63n)])("%s", (seed) => {
    const generator = new Generator(seed);
    const actual = joined([
      fillNormal(new Float32Array(3), generator),
      fillNormal(new Float32Array(40), generator),
      fillUniform(new Float32Array(11), generator, 0, 1),
      fillNormal(new Float32Array(4), generator),
    ]);
    const expected = vectors.floats(`seed.${seed}`);
    expect(differingBits(actual, expected)).toEqual(none(expected));
  });
});

describe("draws", () => {
  test("32 bits", () => {
    const generator = new Generator(11);
    const expected = Array.from(vectors.int64("draws.32"), Number);
    expect(expected.map(() => generator.uint32() % (2 ** 32 - 1))).toEqual(expected);
    const filled = new Generator(11).fillUint32(new Uint32Array(expected.length));
    expect(Array.from(filled, (draw) => draw % (2 ** 32 - 1))).toEqual(expected);
  });

  test("64 bits", () => {
    const generator = new Generator(12);
    const expected = [...vectors.int64("draws.64")];
    // PyTorch's random_ over all of int64 gives the 64 bits as they are.
    expect(expected.map(() => BigInt.asIntN(64, generator.uint64()))).toEqual(expected);
  });

  test("doubles", () => {
    const generator = new Generator(13);
    const expected = vectors.doubles("draws.double");
    expect(
      differingBits(
        expected.map(() => generator.float64()),
        expected,
      ),
    ).toEqual(none(expected));
  });
});

describe("state", () => {
  test("a generator has the very bytes of torch.get_rng_state()", () => {
    const generator = new Generator(15);
    generator.fillFloat32(new Float32Array(1000));
    fillNormal(new Float32Array(3), generator);
    expect(generator.getState()).toEqual(new Uint8Array(vectors.bytes("state")));
    generator.manualSeed(16);
    expect(generator.getState()).toEqual(new Uint8Array(vectors.bytes("state.fresh")));
    for (let i = 0; i < 624; i++) generator.uint32();
    expect(generator.getState()).toEqual(new Uint8Array(vectors.bytes("state.spent")));
    generator.manualSeed(16).fillFloat32(new Float32Array(624));
    expect(generator.getState()).toEqual(new Uint8Array(vectors.bytes("state.spent")));
  });

  test("a stream begun in PyTorch goes on here", () => {
    const generator = new Generator().setState(vectors.bytes("state"));
    const actual = joined([
      fillNormal(new Float32Array(3), generator),
      fillNormal(new Float32Array(20), generator),
      fillUniform(new Float32Array(5), generator, 0, 1),
    ]);
    const expected = vectors.floats("state.next");
    expect(differingBits(actual, expected)).toEqual(none(expected));
  });
});

describe("layers", () => {
  const shapes = vectors.int32("layers.shapes");
  const each = <T>(make: (rows: number, columns: number) => T): T[] =>
    Array.from({ length: shapes.length / 2 }, (_, i) => make(shapes[2 * i], shapes[2 * i + 1]));

  test("embeddings one after another from one seed", () => {
    manualSeed(123);
    const tables = each((rows, columns) => {
      using layer = new Embedding(rows, columns);
      return layer.weight.data.slice();
    });
    const expected = vectors.floats("layers.embedding");
    expect(differingBits(joined(tables), expected)).toEqual(none(expected));
  });

  test("linear layers one after another from one seed, weight then bias", () => {
    manualSeed(123);
    const layers = each((inFeatures, outFeatures) => {
      using layer = new Linear(inFeatures, outFeatures);
      return joined([layer.weight.data, layer.bias!.data]);
    });
    const expected = vectors.floats("layers.linear");
    expect(differingBits(joined(layers), expected)).toEqual(none(expected));
  });
});
