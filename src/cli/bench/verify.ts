import { specification } from "../../backend/js/js.js";
import { Generator } from "../../random/generator.js";
import { firstDifference } from "../floats.js";
import type { ProductCase } from "./cases.js";

/** Throws unless the rows have the bits of the specification: what is wrong is not timed. */
export function verifyRows(
  where: string,
  arrayName: string,
  dim: number,
  actual: Float32Array,
  expected: Float32Array,
): void {
  const at = firstDifference(actual, expected);
  if (at >= 0) throw wrong(where, `${arrayName}[${Math.floor(at / dim)}, ${at % dim}]`, actual[at], expected[at]);
}

/** Some places of a product, and what the specification gives there. */
export interface ProductSample {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  /** (rows.length, columns.length) */
  readonly expected: Float32Array;
}

/**
 * A sample of a product: the first and last rows and columns, where tiles end, and some between. An output does not depend on those
 * beside it (the order of sums is a law), so the specification multiplies only the sampled rows and columns.
 */
export function sampleProduct({ layout, m, n, k }: ProductCase, a: Float32Array, b: Float32Array): ProductSample {
  const rows = pick(m, 48);
  const columns = pick(n, 192);
  const someA = new Float32Array(rows.length * k);
  rows.forEach((row, i) => {
    someA.set(a.subarray(row * k, (row + 1) * k), i * k);
  });
  const someB = new Float32Array(columns.length * k);
  const expected = new Float32Array(rows.length * columns.length);
  columns.forEach((column, j) => {
    if (layout === "NT") someB.set(b.subarray(column * k, (column + 1) * k), j * k);
    else for (let p = 0; p < k; p++) someB[p * columns.length + j] = b[p * n + column];
  });
  const multiply = layout === "NT" ? specification.matmulNT : specification.matmulNN;
  multiply(someA, someB, rows.length, columns.length, k, false, expected);
  return { rows, columns, expected };
}

/** Throws unless the product has the specification's bits, or with `tolerance` its values, relative to the greatest, at the places. */
export function verifyProduct(
  where: string,
  { rows, columns, expected }: ProductSample,
  at: (row: number, column: number) => number,
  tolerance = 0,
): void {
  const actual = new Float32Array(expected.length);
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < columns.length; j++) actual[i * columns.length + j] = at(rows[i], columns[j]);
  }
  const greatest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const position =
    tolerance === 0
      ? firstDifference(actual, expected)
      : actual.findIndex((value, i) => !(Math.abs(value - expected[i]) <= tolerance * greatest));
  if (position < 0) return;
  const row = rows[Math.floor(position / columns.length)];
  const column = columns[position % columns.length];
  throw wrong(where, `out[${row}, ${column}]`, actual[position], expected[position]);
}

/** All of [0, count), or `most` of them: the first and the last, and some drawn from between, ascending. */
function pick(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  const edge = most >>> 2;
  const chosen = new Set<number>();
  for (let i = 0; i < edge; i++) chosen.add(i).add(count - 1 - i);
  const generator = new Generator(1);
  while (chosen.size < most) chosen.add(Math.floor(generator.float64() * count));
  return [...chosen].sort((left, right) => left - right);
}

function wrong(where: string, place: string, actual: number, expected: number): Error {
  const both = (value: number): string => {
    const [word] = new Uint32Array(Float32Array.of(value).buffer);
    return `${value} (0x${word.toString(16).padStart(8, "0")})`;
  };
  return new Error(`${where}: ${place} is ${both(actual)}, expected ${both(expected)}`);
}
