import type { Kernels } from "./kernels.js";

/** The name of one of some kernels, and what it is given. */
export type Call<Some extends Partial<Kernels> = Kernels> = {
  [Name in keyof Kernels & keyof Some]: readonly [Name, Parameters<Kernels[Name]>];
}[keyof Kernels & keyof Some];

/** Makes a call. */
export function makeCall<Some extends Partial<Kernels>>(kernels: Some, call: Call<Some>): void {
  (kernels[call[0]] as (...parameters: unknown[]) => unknown)(...call[1]);
}
