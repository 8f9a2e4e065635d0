import type { Native } from "./backend.js";

/** The native backend where there are no addons: `#native` leads here from everything that is not Node. */
const absent: Native = {
  candidates: [
    {
      name: "native",
      isa: "baseline",
      why: "this build of the package has no addons: those are for Node and Bun, loaded as ES modules",
    },
  ],
  threads: undefined,
  limits: undefined,
};

/** There is nothing to open. */
export function openNative(_isForced = false): Native {
  return absent;
}
