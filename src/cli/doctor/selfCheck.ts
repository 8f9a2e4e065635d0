import { type Backend, noPadding } from "../../backend/backend.js";
import { specification } from "../../backend/js/js.js";
import { Generator } from "../../random/generator.js";
import { drawFloats, firstDifference } from "../floats.js";

/** Small work with odd sizes, table in the backend's memory, compared with the specification bit by bit: what is wrong, or null. */
export function selfCheck(backend: Backend): string | null {
  try {
    checkRows(backend);
    checkProducts(backend);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function checkRows({ kernels, ...backend }: Backend): void {
  const [rows, dim, batch, paddingIdx] = [37, 19, 53, 5];
  const generator = new Generator(1);
  const values = drawFloats(rows * dim, generator);
  const gradOut = drawFloats(batch * dim, generator);
  const ids = generator.fillUint32(new Uint32Array(batch)).map((word) => word % rows);
  const block = backend.allocate(values.byteLength);
  try {
    const table = block.f32(0, values.length);
    table.set(values);
    const out = new Float32Array(batch * dim).fill(Number.NaN);
    const expected = new Float32Array(batch * dim);
    kernels.gather(table, rows, dim, ids, batch, out);
    specification.gather(values, rows, dim, ids, batch, expected);
    sameBits("gather", out, expected);

    for (const padding of [noPadding, paddingIdx]) {
      kernels.scatterAdd(table, rows, dim, ids, batch, padding, gradOut);
      specification.scatterAdd(values, rows, dim, ids, batch, padding, gradOut);
      sameBits("scatterAdd", table, values);
    }

    const bad = 29; // a refused call tells where, and changes nothing
    ids[bad] = rows;
    const told = [
      kernels.gather(table, rows, dim, ids, batch, out),
      kernels.scatterAdd(table, rows, dim, ids, batch, noPadding, gradOut),
    ];
    if (told.some((done) => done !== bad)) {
      throw new Error(`a bad index is told at ${told.join(" and ")}, expected ${bad}`);
    }
    sameBits("gather, refused", out, expected);
    sameBits("scatterAdd, refused", table, values);
  } finally {
    block.dispose();
  }
}

function checkProducts({ kernels }: Backend): void {
  const generator = new Generator(2);
  // k above 256 has two blocks; one row, a few and many take different ways through the kernels.
  for (const [m, n, k] of [
    [1, 33, 300],
    [5, 21, 13],
    [27, 35, 271],
  ]) {
    const a = drawFloats(m * k, generator);
    const b = drawFloats(k * n, generator);
    for (const name of ["matmulNN", "matmulNT", "matmulTN"] as const) {
      const out = new Float32Array(m * n).fill(Number.NaN);
      const expected = new Float32Array(m * n);
      for (const accumulate of [false, true]) {
        kernels[name](a, b, m, n, k, accumulate, out);
        specification[name](a, b, m, n, k, accumulate, expected);
        sameBits(name, out, expected);
      }
    }
  }
}

/** Throws unless all bits are the same. */
function sameBits(kernel: string, actual: Float32Array, expected: Float32Array): void {
  const at = firstDifference(actual, expected);
  if (at >= 0) throw new Error(`${kernel}: value ${at} is ${actual[at]}, expected ${expected[at]} (bit for bit)`);
}
