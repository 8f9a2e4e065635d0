import { describe, test } from "vitest";
import type { Backend } from "../../src/backend/backend.js";
import { implementationName, implementations } from "../../src/backend/select.js";

/** One implementation that works here, under its full name: "native:avx2". */
export interface Implementation {
  readonly name: string;
  readonly backend: Backend;
}

/**
 * Runs the same tests on every implementation. One that does not work here is listed as a skipped test that says why, so that a
 * machine without it never looks like one where it passed.
 */
export function onEveryImplementation(tests: (implementation: Implementation) => void): void {
  for (const each of implementations()) {
    const name = implementationName(each);
    if ("backend" in each) describe(name, () => tests({ name, backend: each.backend }));
    else test.skip(`${name}: ${each.why}`, () => {});
  }
}
