import type { Kernels } from "../backend.js";

/** The modules there are, by what they ask of the engine. */
export type Isa = "simd" | "scalar";

/** An array is its byte address in the module's memory, one of nothing 0; a boolean is 0 or 1. */
type Pointers<Parameters extends readonly unknown[]> = { [each in keyof Parameters]: number };

/** What a module of assembly/index.ts exports: the kernels over pointers, and where the heap may begin. */
export type Exports = {
  [Name in keyof Kernels]: (...parameters: Pointers<Parameters<Kernels[Name]>>) => ReturnType<Kernels[Name]>;
} & { heapBase(): number };

/** A matrix kernel over pointers. */
export type ProductExport = Exports["matmulNN"];
