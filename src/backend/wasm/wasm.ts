import { compile } from "#wasm";
import type { Backend, Candidate, Family } from "../backend.js";
import type { Exports, Isa } from "./exports.js";
import { Heap } from "./heap.js";
import { defaultWindowBytes, makeStaging } from "./staging.js";

/** How many pages the modules are linked for: their scratch memory, and a little more. asconfig.json says the same. */
const initialPages = 16;

/** 4 GiB, all that a 32-bit address can name. */
const maximumPages = 65536;

/** The smallest module that needs SIMD: (func (drop (v128.const 0))), as its bytes. */
const simdProbe = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 23, 1, 21, 0, 253, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 26, 11,
];

/** The WebAssembly implementations, best first. Nothing is compiled before one is opened. */
export const candidates: readonly Candidate[] = [
  { name: "wasm", isa: "simd", open: () => openWasm("simd") },
  { name: "wasm", isa: "scalar", open: () => openWasm("scalar") },
];

/** The module. Throws what the engine lacks, or else its own reason: it may refuse to compile anything (a browser's content policy). */
function compiled(isa: Isa): WebAssembly.Module {
  if (typeof WebAssembly !== "object") throw new Error("this engine has no WebAssembly");
  try {
    return compile(isa);
  } catch (error) {
    const lacksSimd = isa === "simd" && !WebAssembly.validate(Uint8Array.from(simdProbe));
    throw lacksSimd ? new Error("this engine has no WebAssembly SIMD") : error;
  }
}

/**
 * A call from JavaScript with staged indices and output takes about 110 ns, the time in which plain JavaScript moves about 64 floats;
 * a product of as many multiplications breaks even there too (measured on Node 20, Zen 5).
 */
const callCost = 64;

/** @internal A memory and an instance of their own. The size of the window shows in the time of a call and in nothing else. */
export function openWasm(isa: Isa, windowBytes = defaultWindowBytes): Backend {
  const module = compiled(isa);
  // With the window in it from the beginning memory need not grow for the first lookup.
  const initial = initialPages + Math.ceil(windowBytes / 65536);
  const memory = new WebAssembly.Memory({ initial, maximum: maximumPages });
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
  const heap = new Heap(memory, exports.heapBase());
  const staging = makeStaging(exports, heap, windowBytes);
  const made = new Map<Family<unknown>, unknown>();
  return {
    name: "wasm",
    isa,
    kernels<Some>(family: Family<Some>): Some {
      let kernels = made.get(family);
      if (kernels === undefined) {
        kernels = family.staged(staging as never);
        made.set(family, kernels);
      }
      return kernels as Some;
    },
    callCost,
    allocate: (byteLength) => heap.allocate(byteLength),
    moves: (array) => heap.holds(array),
  };
}
