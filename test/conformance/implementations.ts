import { afterAll, beforeAll, describe, test } from "vitest";
import { openNative } from "#native";
import type { Backend, Family, Kernels } from "../../src/backend/backend.js";
import { everyKernel } from "../../src/backend/families/every.js";
import { implementationName, implementations } from "../../src/backend/select.js";

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
    if ("backend" in each) describe(name, () => tests(withKernels(name, each.backend)));
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
    const kernels = <Some>(family: Family<Some>): Some => onSeveralThreads(backend.kernels(family));
    tests(withKernels(name, { ...backend, kernels }));
    afterAll(() => shareAll(false));
  });
}

function withKernels(name: string, backend: Backend): Implementation {
  return { name, backend, kernels: everyKernel(backend) };
}

/** From now on calls are cut into the smallest pieces that kernels allow, however little there is to do; or else they are not cut at all. */
export function shareAll(shared: boolean): void {
  threads?.setSplitsAll(shared);
  threads?.setNumThreads(shared ? 3 : 1);
}

function onSeveralThreads<Some>(kernels: Some): Some {
  let calls = 0;
  const counts = [2, 3, 5];
  const wrapped = Object.entries(kernels as object).map(([name, kernel]: [string, (...args: unknown[]) => unknown]) => {
    const call = (...args: unknown[]): unknown => {
      threads?.setNumThreads(counts[calls++ % counts.length]);
      return kernel(...args);
    };
    return [name, call] as const;
  });
  return Object.fromEntries(wrapped) as Some;
}
