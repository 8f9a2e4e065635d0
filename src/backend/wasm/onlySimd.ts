import type { Isa } from "./exports.js";

/** The module of a door that brings the SIMD one alone: every edge runtime has SIMD, and a bundle there is paid for by the kilobyte. */
export function onlySimd(isa: Isa, simd: WebAssembly.Module): WebAssembly.Module {
  if (isa !== "simd") throw new Error("on this platform the package brings only its SIMD module");
  return simd;
}
