import type { Isa } from "./exports.js";
import { onlySimd } from "./onlySimd.js";
import simd from "./simd.wasm";

/** The door behind `#wasm` for workerd, which compiles no bytes: what it imports from a .wasm file is a Module already. */
export function compile(isa: Isa): WebAssembly.Module {
  return onlySimd(isa, simd);
}
