import { afterAll, beforeAll, describe, test } from "vitest";
import { openNative } from "#native";
import type { Backend, Kernels } from "../../src/backend/backend.js";
import { implementationName, implementations } from "../../src/backend/select.js";
import { allKernels } from "../../src/cli/kernels.js";

const { threads } = openNative();

/** One implementation that works here, under its full name: "native:avx2". */
export interface Implementation {
  readonly name: string;
  readonly backend: Backend;
  /** All it has. */
  readonly kernels: Kernels;
}

/**
 * Runs the same tests on every implementation. One that does not work here is listed as a skipped test that says why, so that a
 * machine without it never looks like one where it passed.
 */
export function onEveryImplementation(tests: (implementation: Implementation) => void): void {
  for (const each of implementations()) {
    const name = implementationName(each);
    if ("backend" in each)
      describe(name, () => tests({ name, backend: each.backend, kernels: allKernels(each.backend) }));
    else test.skip(`${name}: ${each.why}`, () => {});
  }
}

/**
 * The same, and on the best native one once more with every call shared by threads: 2 of them, then 3, then 5, in turns. (The others
 * share the code that cuts; test/native/hammer.cpp does this with them.)
 */
export function onEveryImplementationAndThreads(tests: (implementation: Implementation) => void): void {
  onEveryImplementation(tests);
  const best = implementations().find((each) => each.name === "native" && "backend" in each);
  if (best === undefined || "why" in best) return;
  const { backend } = best;
  const name = implementationName(backend);
  describe(`${name}, several threads`, () => {
    beforeAll(() => shareAll(true));
    const kernels = onSeveralThreads(allKernels(backend)); // once: the turns go on from call to call
    tests({ name, backend: { ...backend, kernels: <Some>() => kernels as Some }, kernels });
    afterAll(() => shareAll(false));
  });
}

/** From now on calls are cut into the smallest pieces that kernels allow, however little there is to do; or else they are not cut at all. */
export function shareAll(shared: boolean): void {
  threads?.setSplitsAll(shared);
  threads?.setNumThreads(shared ? 3 : 1);
}

function onSeveralThreads(kernels: Kernels): Kernels {
  let calls = 0;
  const counts = [2, 3, 5];
  const wrapped = Object.entries(kernels).map(([name, kernel]: [string, (...args: unknown[]) => unknown]) => {
    const call = (...args: unknown[]): unknown => {
      threads?.setNumThreads(counts[calls++ % counts.length]);
      return kernel(...args);
    };
    return [name, call] as const;
  });
  return Object.fromEntries(wrapped) as unknown as Kernels;
}
