import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decodeSafetensors } from "../../src/checkpoint/safetensors.js";

/** One tensor that PyTorch made. */
export interface Vector {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}

/** A file of test vectors, as one of the scripts beside this file wrote it: its metadata says which. */
export interface Vectors {
  readonly tensors: Readonly<Record<string, Vector>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Reads one file of the folder vectors by its name without the ending, such as "random". */
export function readVectors(name: string): Vectors {
  const path = fileURLToPath(new URL(`vectors/${name}.safetensors`, import.meta.url));
  const { tensors, metadata } = decodeSafetensors(readFileSync(path));
  return { tensors: Object.fromEntries(tensors), metadata };
}

/** Reads a file and gives its tensors by name and kind: a missing name or another kind is a mistake of the test. */
export function openVectors(name: string) {
  const { tensors, metadata } = readVectors(name);
  const get = (key: string): Vector => {
    const found = tensors[key];
    if (found === undefined) throw new Error(`${name}.safetensors has no ${key}: run ${metadata["made by"]}`);
    return found;
  };
  const of =
    <T>(kind: abstract new (...parts: never[]) => T) =>
    (key: string): T => {
      const { data, dtype } = get(key);
      if (!(data instanceof kind)) throw new Error(`${key} of ${name}.safetensors is ${dtype}, not a ${kind.name}`);
      return data;
    };
  return {
    names: Object.keys(tensors),
    shape: (key: string) => get(key).shape,
    has: (key: string) => key in tensors,
    floats: of(Float32Array),
    doubles: of(Float64Array),
    int32: of(Int32Array),
    int64: of(BigInt64Array),
    bytes: of(Uint8Array),
  };
}

/** How two arrays compare; equal ones are `{ differing: 0, of: length }` and nothing else. */
export interface Difference {
  differing: number;
  of: number;
  first?: string;
}

/** Counts the floats (or doubles) whose bits differ, and tells the first of them. */
export function differingBits<T extends Float32Array | Float64Array>(actual: T, expected: T): Difference {
  return compare(actual, expected, (a, b) => Object.is(a, b));
}

/**
 * Counts the values that are further apart than `tolerance` relative to the largest expected value of the array. That is
 * the scale of what was summed up: where terms cancel, the sum's own size says nothing about its error.
 */
export function differingValues(actual: Float32Array, expected: Float32Array, tolerance: number): Difference {
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return compare(actual, expected, (a, b) => Object.is(a, b) || Math.abs(a - b) <= tolerance * scale);
}

/** What both comparisons give when nothing differs: expect(differingBits(a, b)).toEqual(none(b)). */
export function none(expected: ArrayLike<number>): Difference {
  return { differing: 0, of: expected.length };
}

function compare(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  same: (a: number, b: number) => boolean,
): Difference {
  if (actual.length !== expected.length) throw new Error(`length is ${actual.length}, expected ${expected.length}`);
  const difference: Difference = none(expected);
  for (let i = 0; i < expected.length; i++) {
    if (same(actual[i], expected[i])) continue;
    difference.differing++;
    difference.first ??= `[${i}] is ${shown(actual[i])}, expected ${shown(expected[i])}`;
  }
  return difference;
}

/** 17 digits tell any double from its neighbors. */
function shown(value: number): string {
  return Object.is(value, -0) ? "-0" : value.toPrecision(17);
}
