import { compile } from "#wasm";
import type { Backend } from "../../src/backend/backend.js";
import type { Exports, Isa } from "../../src/backend/wasm/exports.js";
import { Heap } from "../../src/backend/wasm/heap.js";
import { stagedKernels } from "../../src/backend/wasm/stage.js";

/**
 * The window of WASM is 2 MiB, so that few tests go through it more than once. With one of 4 and of 16 KiB every call does: the cuts
 * that staging makes must not show in the bits.
 */
export function backendWithWindow(isa: Isa, windowBytes: number): Backend {
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
