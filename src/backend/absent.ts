import type { Candidate, Limits, Threads } from "./backend.js";

/** The native backend where there are no addons: `#native` leads here from everything that is not Node. */
export const candidates: readonly Candidate[] = [
  {
    name: "native",
    isa: "baseline",
    why: "this build of the package has no addons: those are for Node and Bun, loaded as ES modules",
  },
];

/** And so there are no threads of it. */
export const threads: Threads | undefined = undefined;

/** Nor a way to measure what the machine can do at best. */
export const limits: Limits | undefined = undefined;
