import type { Kernels } from "./kernels.js";

/** A kernel's name, and behind it what it is given. */
export type Call = { [Name in keyof Kernels]: readonly [Name, ...Parameters<Kernels[Name]>] }[keyof Kernels];

/** Makes a call. */
export function makeCall(kernels: Kernels, [name, ...parameters]: Call): void {
  (kernels[name] as (...parameters: unknown[]) => unknown)(...parameters);
}
