import type { Isa } from "./exports.js";
import { scalar, simd } from "./modules.js";

const base64 = { simd, scalar };

/**
 * The door behind `#wasm` for every runtime that compiles WebAssembly from bytes: the modules travel inside the package as base64, so
 * that no bundler has to find a file. A door of a runtime that refuses this exports the same `compile` and hands over a Module that
 * the runtime made. Synchronous, and never called at import. Throws what the engine throws.
 */
export function compile(isa: Isa): WebAssembly.Module {
  return new WebAssembly.Module(Uint8Array.from(atob(base64[isa]), (character) => character.charCodeAt(0)));
}
