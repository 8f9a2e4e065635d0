import { compile } from "#wasm";
import type { Backend, Candidate } from "../backend.js";
import type { Exports, Isa } from "./exports.js";
import { Heap } from "./heap.js";
import { defaultWindowBytes, stagedKernels } from "./stage.js";

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
export const candidates: readonly Candidate[] = [candidate("simd"), candidate("scalar")];

function candidate(isa: Isa): Candidate {
  const why = whyNot(isa);
  return why === undefined ? { name: "wasm", isa, open: () => openWasm(isa) } : { name: "wasm", isa, why };
}

/** What the engine lacks. An engine that has it all may still refuse to compile (a browser's content policy): then `open` throws. */
function whyNot(isa: Isa): string | undefined {
  if (typeof WebAssembly !== "object") return "this engine has no WebAssembly";
  if (isa === "simd" && !WebAssembly.validate(Uint8Array.from(simdProbe))) return "this engine has no WebAssembly SIMD";
  return undefined;
}

/**
 * A call from JavaScript with staged indices and output takes about 110 ns, the time in which plain JavaScript moves about 64 floats;
 * a product of as many multiplications breaks even there too (measured on Node 20, Zen 5).
 */
const callCost = 64;

/** @internal A memory and an instance of their own. The size of the window shows in the time of a call and in nothing else. */
export function openWasm(isa: Isa, windowBytes = defaultWindowBytes): Backend {
  const memory = new WebAssembly.Memory({ initial: initialPages, maximum: maximumPages });
  const exports = new WebAssembly.Instance(compile(isa), { env: { memory } }).exports as unknown as Exports;
  const heap = new Heap(memory, exports.heapBase());
  return {
    name: "wasm",
    isa,
    kernels: stagedKernels(exports, heap, windowBytes),
    callCost,
    allocate: (byteLength) => heap.allocate(byteLength),
    moves: (array) => heap.holds(array),
  };
}
