import { describe, test } from "vitest";
import { candidates as native } from "#native";
import type { Backend, Candidate } from "../../src/backend/backend.js";
import { candidates as js } from "../../src/backend/js/js.js";
import { implementationName } from "../../src/backend/select.js";
import { candidates as wasm } from "../../src/backend/wasm/wasm.js";

/** Every implementation this platform could have, best first, whether or not it works here. */
export const candidates: readonly Candidate[] = [...native, ...wasm, ...js];

/** One implementation that works here, under its full name: "native:avx2". */
export interface Implementation {
  readonly name: string;
  readonly backend: Backend;
}

/** Those that work here. Each is opened once: a WASM implementation has one memory. */
export const implementations: readonly Implementation[] = candidates.flatMap((candidate) => {
  const opened = open(candidate);
  return typeof opened === "string" ? [] : [{ name: implementationName(candidate), backend: opened }];
});

/**
 * Runs the same tests on every implementation. One that does not work here is listed as a skipped test that says why, so that a
 * machine without it never looks like one where it passed.
 */
export function onEveryImplementation(tests: (implementation: Implementation) => void): void {
  for (const candidate of candidates) {
    const name = implementationName(candidate);
    const found = implementations.find((each) => each.name === name);
    if (found) describe(name, () => tests(found));
    else test.skip(`${name}: ${open(candidate)}`, () => {});
  }
}

function open(candidate: Candidate): Backend | string {
  if ("why" in candidate) return candidate.why;
  try {
    return candidate.open();
  } catch (error) {
    return String(error);
  }
}
