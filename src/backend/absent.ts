import type { Candidate, Limits } from "./backend.js";

/** The native backend where there are no addons: `#native` leads here from everything that is not Node. */
export const candidates: readonly Candidate[] = [
  { name: "native", isa: "baseline", why: "native addons do not exist on this platform" },
];

export const limits: Limits | undefined = undefined;
