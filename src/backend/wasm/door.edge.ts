import type { Isa } from "./exports.js";
import { onlySimd } from "./onlySimd.js";
import simd from "./simd.wasm?module";

/** The door behind `#wasm` for Vercel's edge runtime, which compiles no bytes: with `?module` its bundlers hand over a Module. */
export function compile(isa: Isa): WebAssembly.Module {
  return onlySimd(isa, simd);
}
