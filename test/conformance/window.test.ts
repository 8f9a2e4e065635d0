import { describe, expect, test } from "vitest";
import { compile, type Isa } from "#wasm";
import type { Backend } from "../../src/backend/backend.js";
import { specification } from "../../src/backend/js/js.js";
import type { Exports } from "../../src/backend/wasm/exports.js";
import { Heap } from "../../src/backend/wasm/heap.js";
import { stagedKernels } from "../../src/backend/wasm/stage.js";
import { filled, Random } from "./cases.js";
import { placesOfThree, withPlaced } from "./placed.js";
import { productCase, products, runProduct } from "./products.js";

/**
 * The window of WASM is 2 MiB, so that few tests go through it more than once. With one of 4 and of 16 KiB every call does: the cuts
 * that staging makes must not show in the bits.
 */
function backendWithWindow(isa: Isa, windowBytes: number): Backend {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 1024 });
  const exports = new WebAssembly.Instance(compile(isa), { env: { memory } }).exports as unknown as Exports;
  const heap = new Heap(memory, exports.heapBase());
  return {
    name: "wasm",
    isa,
    kernels: stagedKernels(exports, heap, windowBytes),
    callCost: 0,
    allocate: (byteLength) => heap.allocate(byteLength),
    moves: (array) => heap.holds(array),
  };
}

describe.each(["simd", "scalar"] as const)("wasm:%s", (isa) => {
  describe.each([4096, 16384])("a window of %i bytes", (windowBytes) => {
    const backend = backendWithWindow(isa, windowBytes);

    test.each(products)("%s of any sizes", (name) => {
      const random = new Random(windowBytes);
      for (let round = 0; round < 60; round++) {
        const size = () => random.of([0, 1, 2, 5, 8, 17, 40, 100, 256, 300, 520, 700]);
        const sizes = [size(), size(), size()];
        if (sizes[0] * sizes[1] * sizes[2] > 3_000_000) continue;
        const product = productCase(name, sizes, random.below(2) === 1);
        runProduct({ name: `wasm:${isa}`, backend }, product, random.of(placesOfThree));
      }
    });

    test("sumExponentials and softmaxGradient of any sizes", () => {
      const random = new Random(windowBytes);
      const { sumExponentials, softmaxGradient } = backend.kernels;
      for (let round = 0; round < 80; round++) {
        const numRows = random.of([0, 1, 2, 30, 200]);
        const numColumns = random.of([0, 1, 9, 100, 700, 1021, 5000]);
        const logits = filled(random, numRows * numColumns);
        const bias = filled(random, random.below(2) * numColumns);
        const statistics = filled(random, numRows * 3);
        const summed = statistics.slice();
        specification.sumExponentials(summed, logits, numRows, numColumns, bias);
        const gradients = logits.slice();
        specification.softmaxGradient(gradients, numRows, numColumns, bias, summed);
        const places = random.of(placesOfThree);
        withPlaced(random, backend, places, [statistics, logits, bias] as const, (small, rows, offsets) => {
          const biasOrNone = () => (bias.length > 0 ? offsets.floats : bias);
          sumExponentials(small.floats, rows.floats, numRows, numColumns, biasOrNone());
          small.expect(summed, `${numRows} x ${numColumns}, ${places}`);
          softmaxGradient(rows.floats, numRows, numColumns, biasOrNone(), small.floats);
          rows.expect(gradients, `${numRows} x ${numColumns}, ${places}`);
        });
      }
    });

    test("gather and scatterAdd of any sizes", () => {
      const random = new Random(windowBytes);
      for (let round = 0; round < 80; round++) {
        const rows = 1 + random.below(50);
        const dim = random.of([0, 1, 3, 8, 33, 100, 600]);
        const numIndices = random.of([0, 1, 10, 300, 900]);
        const indices = Uint32Array.from({ length: numIndices }, () => random.below(rows));
        const weight = filled(random, rows * dim);
        const gathered = Float32Array.from(
          { length: numIndices * dim },
          (_, at) => weight[indices[Math.floor(at / dim)] * dim + (at % dim)],
        );
        const places = random.of(placesOfThree);
        withPlaced(
          random,
          backend,
          places,
          [weight, indices, new Float32Array(numIndices * dim)] as const,
          (t, list, out) => {
            const { gather, scatterAdd } = backend.kernels;
            expect(gather(t.floats, rows, dim, list.words, numIndices, out.floats)).toBe(numIndices);
            out.expect(gathered, `${places}`);
            const sums = weight.slice();
            indices.forEach((row, i) => {
              for (let j = 0; j < dim; j++) sums[row * dim + j] += gathered[i * dim + j];
            });
            expect(scatterAdd(t.floats, rows, dim, list.words, numIndices, 0xffffffff, out.floats)).toBe(numIndices);
            t.expect(sums, `${places}`);
          },
        );
      }
    });
  });
});
