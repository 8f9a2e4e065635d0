/** What the tests of checkpoints share: seeded numbers, files by hand, and what an error must be like. */
import { expect } from "vitest";
import { type Dtype, dtypes, type TensorData, viewOf } from "../../src/checkpoint/dtype.js";
import type { Tensor } from "../../src/checkpoint/index.js";
import { Random } from "../conformance/cases.js";

/** Integers below a limit, the same ones for a seed. */
export function randomIntegers(seed: number): (limit: number) => number {
  const random = new Random(seed);
  return (limit) => random.below(limit);
}

/** A file by hand: the length of the header, the header as it is, and what follows. */
export function fileOf(header: string | Uint8Array, data: Uint8Array | number = 0, declared?: bigint): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const rest = typeof data === "number" ? new Uint8Array(data) : data;
  const file = new Uint8Array(8 + text.length + rest.length);
  new DataView(file.buffer).setBigUint64(0, declared ?? BigInt(text.length), true);
  file.set(text, 8);
  file.set(rest, 8 + text.length);
  return file;
}

/** A tensor of any bits (NaN of every payload among them). */
export function randomTensor(dtype: Dtype, shape: number[], random: (limit: number) => number): Tensor {
  const elements = shape.reduce((product, extent) => product * extent, 1);
  const bytes = Uint8Array.from({ length: Math.ceil((elements * dtypes.get(dtype)!.bits) / 8) }, () => random(256));
  return { dtype, shape, data: viewOf(dtype, bytes) } as Tensor;
}

/** The memory of an array as bytes, for comparing bit for bit. */
export function bytesOf(data: TensorData): number[] {
  return [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
}

/** Runs what must fail and gives the error back. */
export function errorOf(run: () => unknown): Error & { code?: string } {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    return error as Error;
  }
  throw new Error("nothing was thrown");
}
