import { Generator } from "../../../random/generator.js";
import { firstDifference } from "../../floats.js";
import { specification } from "../../kernels.js";

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

/** (m, k) x (n, k)^T with the table as the second matrix ("NT"), or (m, k) x (k, n) ("NN"). */
export interface ProductSizes {
  readonly layout: "NT" | "NN";
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Throws unless every value is within `tolerance`, relative to the greatest that is expected: where another order of sums is allowed. */
export function verifyNear(
  where: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  nameOf: (place: number) => string = (place) => `out[${place}]`,
): void {
  let greatest = 0;
  for (let i = 0; i < expected.length; i++) greatest = Math.max(greatest, Math.abs(expected[i]));
  for (let i = 0; i < expected.length; i++) {
    if (Math.abs(actual[i] - expected[i]) <= tolerance * greatest) continue;
    throw wrong(where, nameOf(i), actual[i], expected[i]);
  }
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
export function sampleProduct({ layout, m, n, k }: ProductSizes, a: Float32Array, b: Float32Array): ProductSample {
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
  const nameOf = (position: number): string =>
    `out[${rows[Math.floor(position / columns.length)]}, ${columns[position % columns.length]}]`;
  if (tolerance > 0) {
    verifyNear(where, actual, expected, tolerance, nameOf);
    return;
  }
  const position = firstDifference(actual, expected);
  if (position >= 0) throw wrong(where, nameOf(position), actual[position], expected[position]);
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
