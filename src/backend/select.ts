import { openNative } from "#native";
import { rangeError, show, typeError } from "../errors.js";
import type { Backend, BackendName, Candidate, Family } from "./backend.js";
import { backendVariable, readEnvironment } from "./environment.js";
import { candidates as js } from "./js/js.js";
import { settleThreads } from "./threads.js";
import { candidates as wasm } from "./wasm/wasm.js";

/** What {@link backends} tells of one implementation. */
export interface BackendInfo {
  /** The backend; together with the instruction set it is a full name, such as "native:avx2". */
  readonly name: "native" | "wasm" | "js";
  /** The instruction set: "avx512", "avx2", "neon" or "baseline" (native), "simd" or "scalar" (wasm), "scalar" (js). */
  readonly isa: string;
  /** Whether it runs here. */
  readonly supported: boolean;
  /** Whether a layer made without a `backend` option would use it. */
  readonly chosen: boolean;
  /** Why it is not supported. */
  readonly why?: string;
}

/** One implementation known here: its backend, or why it does not work. */
export type Implementation = { readonly name: BackendName; readonly isa: string } & (
  | { readonly backend: Backend }
  | { readonly why: string }
);

/** What comes behind the native implementations, best first. */
const others: readonly Candidate[] = [...wasm, ...js];

/** What opening each candidate came to. Opened at most once: a WASM implementation has one memory. */
const opened = new Map<Candidate, Implementation>();

/**
 * Every implementation known here, best first: whether it is supported, which one is chosen, and why the others are not.
 *
 * @throws RangeError [ERR_UNKNOWN_BACKEND] or [ERR_BACKEND_UNSUPPORTED] when NN_EMBEDDING_BACKEND names one that cannot be used,
 * [ERR_OUT_OF_RANGE] when NN_EMBEDDING_THREADS is no number of threads.
 * @example
 * import { backends } from "nn-embedding";
 * backends().filter((backend) => backend.chosen).length; // => 1
 */
export function backends(): BackendInfo[] {
  const chosen = selectBackend();
  return implementations().map((each) => {
    const { name, isa } = each;
    return "why" in each
      ? { name, isa, supported: false, chosen: false, why: each.why }
      : { name, isa, supported: true, chosen: each.backend === chosen };
  });
}

/** @internal Every implementation known here, best first, each tried; native ones only unless the environment asks for others. */
export function implementations(): Implementation[] {
  return [...openNative().candidates, ...others].map(open);
}

/**
 * The backend of that name, or without a name the one that NN_EMBEDDING_BACKEND asks for, or else the best that works here.
 * "native" means the best native implementation, "native:avx2" exactly that one.
 */
export function selectBackend(name?: string): Backend {
  const argument = name === undefined ? backendVariable : "backend";
  const wanted: unknown = name === undefined ? readEnvironment(backendVariable) : name;
  if (wanted !== undefined && typeof wanted !== "string") {
    throw typeError(
      "ERR_INVALID_ARG_TYPE",
      `${argument} is ${show(wanted)}, expected the name of a backend, such as "wasm"`,
    );
  }
  const fits = (each: Candidate): boolean =>
    wanted === undefined || each.name === wanted || implementationName(each) === wanted;
  const isBeside = wanted !== undefined && others.some(fits); // then the addon may stay closed
  const isForced = wanted?.startsWith("native") ?? false;
  const matches = [...(isBeside ? [] : openNative(isForced).candidates), ...others].filter(fits);
  for (const candidate of matches) {
    const found = open(candidate);
    if ("why" in found) continue;
    if (name === undefined || found.backend.name === "native") settleThreads();
    return found.backend;
  }
  const [code, expected] =
    matches.length === 0
      ? (["ERR_UNKNOWN_BACKEND", "one of"] as const)
      : (["ERR_BACKEND_UNSUPPORTED", "one that works here, of"] as const);
  throw rangeError(code, `${argument} is ${show(wanted)}, expected ${expected} ${describe()}`);
}

/**
 * A family's kernels for a call that moves or multiplies this many floats: below what a call into the backend costs, the
 * specification does it sooner, with the same bits.
 */
export function kernelsFor<Some>(backend: Backend, family: Family<Some>, floats: number): Some {
  return floats < backend.callCost ? family.specification : backend.kernels(family);
}

/** "native:avx2": the name that forces exactly this implementation. */
export function implementationName(backend: { readonly name: string; readonly isa: string }): string {
  return `${backend.name}:${backend.isa}`;
}

function open(candidate: Candidate): Implementation {
  if ("why" in candidate) return candidate;
  let found = opened.get(candidate);
  if (found === undefined) {
    const { name, isa } = candidate;
    try {
      found = { name, isa, backend: candidate.open() };
    } catch (error) {
      found = { name, isa, why: error instanceof Error ? error.message : String(error) };
    }
    opened.set(candidate, found);
  }
  return found;
}

function describe(): string {
  const parts = implementations().map((each) => {
    const name = implementationName(each);
    return "why" in each ? `${name} (unsupported: ${each.why})` : name;
  });
  return parts.join(", ");
}
