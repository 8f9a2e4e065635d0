import { describe, expect, test } from "vitest";
import { compile } from "#wasm";
import type { Exports } from "../../src/backend/wasm/exports.js";

/** All that 32-bit addresses can name, or what the modules begin with where the machine has no 4 GiB to promise. */
function wholeMemory(): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: 65536, maximum: 65536 });
  } catch {
    return new WebAssembly.Memory({ initial: 16, maximum: 65536 }); // then the tests are skipped
  }
}

const memory = wholeMemory();
const isWhole = memory.buffer.byteLength === 2 ** 32;
const [numEmbeddings, dim] = [50, 7];

// Sums of addresses wrap at 4 GiB: lists and tables that end a few bytes before it are read to their end and no further.
describe.skipIf(!isWhole).each(["simd", "scalar"] as const)("wasm:%s, 4 GiB of memory", (isa) => {
  const { buffer } = memory;
  const exports = new WebAssembly.Instance(compile(isa), { env: { memory } }).exports as unknown as Exports;
  const end = 2 ** 32 - 64; // the heap's last address
  const low = exports.heapBase();
  const tableWords = numEmbeddings * dim;

  test.each([1, 16, 63, 64, 65, 200])("%i indices and rows that end with it", (numIndices) => {
    const indices = end - 4 * numIndices;
    const out = indices - 4 * numIndices * dim;
    const table = new Float32Array(buffer, low, tableWords).map((_, i) => i);
    new Float32Array(buffer, low, tableWords).set(table);
    const list = new Uint32Array(buffer, indices, numIndices);
    for (let i = 0; i < numIndices; i++) list[i] = (i * 11) % numEmbeddings;
    const expected = Array.from(list, (row) => [...table.subarray(row * dim, (row + 1) * dim)]).flat();

    expect(exports.gather(low, numEmbeddings, dim, indices, numIndices, out) >>> 0).toBe(numIndices);
    expect([...new Float32Array(buffer, out, numIndices * dim)]).toEqual(expected);

    const sums = new Float32Array(buffer, low, tableWords).fill(0);
    expect(exports.scatterAdd(low, numEmbeddings, dim, indices, numIndices, 0xffffffff, out) >>> 0).toBe(numIndices);
    const counts = new Float32Array(numEmbeddings);
    for (const row of list) counts[row]++;
    expect([...sums]).toEqual(Array.from(table, (value, i) => value * counts[Math.floor(i / dim)]));
  });

  test("a table that ends with it", () => {
    const table = end - 4 * tableWords;
    new Float32Array(buffer, table, tableWords).set(Float32Array.from({ length: tableWords }, (_, i) => -i));
    new Uint32Array(buffer, low, 3).set([numEmbeddings - 1, 0, numEmbeddings - 1]);
    const out = low + 64;
    expect(exports.gather(table, numEmbeddings, dim, low, 3, out) >>> 0).toBe(3);
    const last = Array.from({ length: dim }, (_, i) => -((numEmbeddings - 1) * dim + i));
    expect([...new Float32Array(buffer, out, 3 * dim)].slice(2 * dim)).toEqual(last);
    new Uint32Array(buffer, low, 1)[0] = numEmbeddings;
    expect(exports.gather(table, numEmbeddings, dim, low, 3, out) >>> 0).toBe(0);
  });
});
