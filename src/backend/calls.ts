import type { Kernels } from "./kernels.js";

/** A kernel's name, and what it is given. */
export type Call = { [Name in keyof Kernels]: readonly [Name, Parameters<Kernels[Name]>] }[keyof Kernels];

/** Makes a call. */
export function makeCall(kernels: Kernels, call: Call): void {
  (kernels[call[0]] as (...parameters: unknown[]) => unknown)(...call[1]);
}
