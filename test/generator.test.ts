import { describe, expect, test } from "vitest";
import { defaultGenerator, Generator, manualSeed } from "../src/random/generator.js";
import { fillNormal } from "../src/random/normal.js";
import { fillUniform, linearBiasBound, linearWeightBound } from "../src/random/uniform.js";

const draws = (generator: Generator, count = 700): number[] => Array.from({ length: count }, () => generator.uint32());
const normals = (generator: Generator, count: number): number[] => [...fillNormal(new Float32Array(count), generator)];

describe("seeds", () => {
  test("a generator without a seed starts where torch.Generator() does", () => {
    expect(new Generator().initialSeed).toBe(67280421310721n);
    expect(draws(new Generator())).toEqual(draws(new Generator(67280421310721)));
  });

  test("the first draws of MT19937 are those of its authors", () => {
    expect(draws(new Generator(5489), 2)).toEqual([3499211612, 581869302]);
    expect(draws(new Generator(5489), 10_000).at(-1)).toBe(4123659995);
  });

  test.each([
    [123, 123n],
    [-0, 0n],
    [-1, 2n ** 64n - 1n],
    [-1n, 2n ** 64n - 1n],
    [2n ** 64n - 1n, 2n ** 64n - 1n],
    [-(2n ** 63n), 2n ** 63n],
    [Number.MAX_SAFE_INTEGER, BigInt(Number.MAX_SAFE_INTEGER)],
    [Number.MIN_SAFE_INTEGER, 2n ** 64n + BigInt(Number.MIN_SAFE_INTEGER)],
  ])("%s is taken as %s", (seed, expected) => {
    expect(new Generator(seed).initialSeed).toBe(expected);
    expect(draws(new Generator(seed))).toEqual(draws(new Generator(expected)));
  });

  test("only the low 32 bits reach the stream", () => {
    expect(draws(new Generator(2 ** 32 + 5))).toEqual(draws(new Generator(5)));
    expect(draws(new Generator(6))).not.toEqual(draws(new Generator(5)));
  });

  test.each([
    [1.5, "1.5"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "Infinity"],
    [2 ** 53, "9007199254740992"],
    [-(2 ** 53), "-9007199254740992"],
    [2n ** 64n, "18446744073709551616n"],
    [-(2n ** 63n) - 1n, "-9223372036854775809n"],
  ])("%s is out of range", (seed, shown) => {
    const error = refusal(() => new Generator(seed));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({
      code: "ERR_OUT_OF_RANGE",
      message: `seed is ${shown}, expected a safe integer, or a bigint in [-2 ** 63, 2 ** 64)`,
    });
  });

  test.each([
    ["123", '"123"'],
    [null, "null"],
    [true, "true"],
    [[1], "Array(1)"],
    [new Date(0), "an instance of Date"],
  ])("%s is no seed", (seed, shown) => {
    for (const use of [() => manualSeed(seed as never), () => new Generator(seed as never)]) {
      const error = refusal(use);
      expect(error).toBeInstanceOf(TypeError);
      expect(error).toMatchObject({
        code: "ERR_INVALID_ARG_TYPE",
        message: `seed is ${shown}, expected a safe integer, or a bigint in [-2 ** 63, 2 ** 64)`,
      });
    }
    expect(refusal(() => manualSeed(undefined as never))).toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
  });

  test("a refused seed changes nothing", () => {
    const generator = new Generator(5);
    const expected = draws(new Generator(5));
    expect(() => generator.manualSeed(0.5)).toThrow(RangeError);
    expect(generator.initialSeed).toBe(5n);
    expect(draws(generator)).toEqual(expected);
  });

  test("manualSeed starts again, forgets the cached sample and returns the generator", () => {
    const generator = new Generator(9);
    const expected = normals(generator, 3);
    expect(normals(generator, 3)).not.toEqual(expected);
    expect(normals(generator.manualSeed(9), 3)).toEqual(expected);
    expect(normals(generator, 1)).not.toEqual(normals(generator.manualSeed(9), 1));
  });

  test("the function reseeds the default generator and returns it", () => {
    expect(manualSeed(123n)).toBe(defaultGenerator);
    expect(draws(defaultGenerator)).toEqual(draws(new Generator(123)));
    expect(defaultGenerator.initialSeed).toBe(123n);
  });
});

describe("streams", () => {
  test("generators do not disturb one another", () => {
    const expected = normals(new Generator(1), 40);
    const first = new Generator(1);
    const second = new Generator(2);
    const actual: number[] = [];
    fillNormal(new Float32Array(3), second);
    manualSeed(77);
    actual.push(...normals(first, 40));
    expect(actual).toEqual(expected);
    draws(first, 5);
    expect(normals(new Generator(1), 40)).toEqual(expected);
  });

  test("bulk fills and single draws take the same stream, wherever they meet", () => {
    const expected = draws(new Generator(3), 6000);
    for (const sizes of [[1, 623, 624, 625], [624], [7, 0, 1300], [623, 1, 1], [2000, 3]]) {
      const generator = new Generator(3);
      const actual: number[] = [];
      for (const size of sizes) {
        actual.push(...generator.fillUint32(new Uint32Array(size)), generator.uint32());
        actual.push(
          ...Array.from(generator.fillFloat32(new Float32Array(size)), (_, i) => expected[actual.length + i]),
        );
      }
      actual.push(generator.uint32());
      expect(actual).toEqual(expected.slice(0, actual.length));
    }
    const floats = new Generator(3).fillFloat32(new Float32Array(6000));
    expect([...floats]).toEqual(expected.map((draw) => (draw & 0xffffff) / 2 ** 24));
    const single = new Generator(3);
    expect([...floats]).toEqual(expected.map(() => single.float32()));
  });

  test("wider draws take two words, the first on top", () => {
    const [high, low, next] = draws(new Generator(4), 3);
    const generator = new Generator(4);
    expect(generator.uint64()).toBe((BigInt(high) << 32n) + BigInt(low));
    expect(generator.uint32()).toBe(next);
    const word = ((BigInt(high) << 32n) + BigInt(low)) & (2n ** 53n - 1n);
    expect(new Generator(4).float64()).toBe(Number(word) / 2 ** 53);
  });

  test("an odd small fill keeps a sample for the next small fill, and large ones pass it by", () => {
    const all = normals(new Generator(6), 8);
    const generator = new Generator(6);
    const first = normals(generator, 3);
    expect(first).toEqual(all.slice(0, 3));
    normals(generator, 16);
    expect(normals(generator, 1)).toEqual(all.slice(3, 4));
  });

  test("normal samples have a mean of 0 and a deviation of 1", () => {
    const values = fillNormal(new Float32Array(200_001), new Generator(8));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(Math.abs(Math.sqrt(variance) - 1)).toBeLessThan(0.01);
  });
});

describe("state", () => {
  test("goes on wherever it was taken, the cached sample included", () => {
    const generator = new Generator(10);
    for (const size of [0, 1, 2, 623, 17, 5]) {
      normals(generator, size);
      const state = generator.getState();
      const expected = [...normals(generator, 3), ...draws(generator), generator.initialSeed];
      const other = new Generator(11).setState(state);
      expect([...normals(other, 3), ...draws(other), other.initialSeed]).toEqual(expected);
    }
  });

  test("is a copy", () => {
    const generator = new Generator(10);
    const state = generator.getState();
    const before = state.slice();
    draws(generator);
    expect(state).toEqual(before);
    generator.setState(state);
    state.fill(255);
    expect(draws(generator)).toEqual(draws(new Generator(10)));
  });

  test("a bad one is refused and changes nothing", () => {
    const generator = new Generator(10);
    const good = generator.getState();
    expect(refusal(() => generator.setState([1] as never))).toMatchObject({
      code: "ERR_INVALID_ARG_TYPE",
      message: "state is Array(1), expected a Uint8Array of 5056 bytes",
    });
    expect(refusal(() => generator.setState(good.subarray(1)))).toMatchObject({
      code: "ERR_INVALID_LENGTH",
      message: "state.length is 5055, expected 5056",
    });
    for (const [left, next] of [
      [0, 0],
      [625, 0],
      [-1, 626],
      [3, 3],
      [2, 0],
    ]) {
      const bad = good.slice();
      new DataView(bad.buffer).setInt32(8, left, true);
      new DataView(bad.buffer).setInt32(16, next, true);
      expect(refusal(() => generator.setState(bad))).toMatchObject({
        code: "ERR_OUT_OF_RANGE",
        message: `state has left ${left} and next ${next}, expected left in [1, 624] and next 625 - left`,
      });
    }
    expect(draws(generator)).toEqual(draws(new Generator(10)));
  });

  test("may lie anywhere in memory", () => {
    const state = new Generator(10).getState();
    const shifted = new Uint8Array(state.length + 3).subarray(3);
    shifted.set(state);
    expect(draws(new Generator(1).setState(shifted))).toEqual(draws(new Generator(10)));
  });
});

describe("arguments of the fills", () => {
  const out = new Float32Array(4);
  const generator = new Generator(1);

  test.each([
    [() => fillUniform(out, generator, 1, 0), "from is 1, expected a number <= to, which is 0"],
    [
      () => fillUniform(out, generator, -3e38, 3e38),
      "to - from is 6e+38, expected ends and a difference that fit a float",
    ],
  ])("%s", (use, message) => {
    expect(refusal(use)).toMatchObject({ code: "ERR_OUT_OF_RANGE", message });
    expect([...out]).toEqual([0, 0, 0, 0]);
    expect(generator.getState()).toEqual(new Generator(1).getState());
  });

  test("nothing to fill draws nothing", () => {
    fillNormal(new Float32Array(0), generator);
    fillUniform(new Float32Array(0), generator, 0, 1);
    expect(generator.getState()).toEqual(new Generator(1).getState());
    expect([linearWeightBound(0), linearBiasBound(0)]).toEqual([0, 0]);
  });
});

function refusal(use: () => unknown): unknown {
  try {
    use();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
