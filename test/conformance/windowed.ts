import { expect } from "vitest";
import type { Backend } from "../../src/backend/backend.js";
import { openWasm } from "../../src/backend/wasm/wasm.js";
import { allKernels } from "../../src/cli/kernels.js";

/**
 * The window of WASM is 2 MiB, so that few tests go through it more than once. Through a small one every call does: the cuts that
 * staging makes must not show in the bits, nor the window in the memory beside it.
 */
export function openWithWindow(isa: "simd" | "scalar", windowBytes: number): Backend {
  const backend = openWasm(isa, windowBytes);
  const behind = backend.allocate(64); // the first block lies right behind the window
  const watched = ([name, kernel]: [string, (...args: unknown[]) => unknown]) => [
    name,
    (...args: unknown[]) => {
      const { buffer } = behind.f32();
      const result = kernel(...args);
      expect(behind.f32().buffer === buffer, `memory is where it was before ${name}`).toBe(true);
      expect([...behind.u32()]).toEqual(new Array(16).fill(0));
      return result;
    },
  ];
  const kernels = Object.fromEntries(Object.entries(allKernels(backend)).map(watched));
  return { ...backend, kernels: <Some>() => kernels as Some };
}
