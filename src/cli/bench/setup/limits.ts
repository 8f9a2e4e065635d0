import { openNative } from "#native";
import type { Limits } from "../../../backend/backend.js";
import type { Task } from "../measure.js";

/** What the machine can do at best: undefined where there is no addon to measure it. */
export const limits: Limits | undefined = openNative().limits;

/** The time to read these floats in their order. */
export function readLimit(machine: Limits, threads: number, floats: Float32Array): Task {
  const { length } = floats;
  return { label: "limit: reading", sample: (calls) => machine.read(floats, length, threads, calls) };
}

/** The time of a memcpy that reads and writes so many bytes. */
export function copyLimit(machine: Limits, threads: number, bytes: number): Task {
  const half = Math.max(1, Math.floor(bytes / 8));
  const from = new Float32Array(half).fill(1);
  const to = new Float32Array(half).fill(2);
  return { label: "limit: memcpy", sample: (calls) => machine.copy(from, to, half, threads, calls) };
}

/** The time of so many floating-point operations at the rate of fused multiply-add in registers, all threads together. */
export function operationsLimit(machine: Limits, threads: number, operations: number): Task {
  const pairs = 50_000_000; // a stretch of 1 to 10 ms: a rate does not depend on how long it is measured
  const scale = operations / (2 * pairs * threads);
  return {
    label: "limit: multiply-add",
    sample: (calls) => {
      const rounds = Math.max(1, Math.min(10, Math.round(calls * scale)));
      return (machine.multiplyAdd(pairs, threads, rounds) / rounds) * scale * calls;
    },
  };
}

/** The time of bare loops that bring these rows of a table to out, or with none read them. */
export function rowsLimit(
  machine: Limits,
  threads: number,
  table: Float32Array,
  dim: number,
  rows: Uint32Array,
  out: Float32Array,
): Task {
  const { length } = rows;
  return {
    label: `limit: ${out.length > 0 ? "moving" : "reading"} rows`,
    sample: (calls) => machine.rows(table, table.length / dim, dim, rows, length, out, threads, calls),
  };
}
