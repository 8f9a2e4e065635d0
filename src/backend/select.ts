import { candidates as native } from "#native";
import { rangeError, show, typeError } from "../errors.js";
import type { Backend, BackendName, Candidate, Kernels } from "./backend.js";
import { candidates as js, specification } from "./js/js.js";
import { candidates as wasm } from "./wasm/wasm.js";

/** What {@link backends} tells of one implementation. */
export interface BackendInfo {
  readonly name: BackendName;
  /** The instruction set: "avx512", "avx2", "neon" or "baseline" (native), "simd" or "scalar" (wasm), "scalar" (js). */
  readonly isa: string;
  /** Whether it runs here. */
  readonly supported: boolean;
  /** Whether a layer made without a `backend` option would use it. */
  readonly chosen: boolean;
  /** Why it is not supported. */
  readonly why?: string;
}

/** Best first: the first that opens is the default. */
const candidates: readonly Candidate[] = [...native, ...wasm, ...js];

/** What opening each candidate came to. Opened at most once: a WASM implementation has one memory. */
const opened = new Map<Candidate, Backend | { readonly why: string }>();

const environmentVariable = "NN_EMBEDDING_BACKEND";

/**
 * Every implementation known here, best first: whether it is supported, which one is chosen, and why the others are not.
 *
 * @throws RangeError [ERR_UNKNOWN_BACKEND] or [ERR_BACKEND_UNSUPPORTED] when NN_EMBEDDING_BACKEND names one that cannot be used.
 * @example
 * import { backends } from "nn-embedding";
 * backends().filter((backend) => backend.chosen).length; // => 1
 */
export function backends(): BackendInfo[] {
  const chosen = selectBackend();
  return candidates.map((candidate) => {
    const { name, isa } = candidate;
    const result = open(candidate);
    return "why" in result
      ? { name, isa, supported: false, chosen: false, why: result.why }
      : { name, isa, supported: true, chosen: result === chosen };
  });
}

/**
 * The backend of that name, or without a name the one that NN_EMBEDDING_BACKEND asks for, or else the best that works here.
 * "native" means the best native implementation, "native:avx2" exactly that one.
 */
export function selectBackend(name?: string): Backend {
  if (name !== undefined) return named("backend", name);
  const forced = readEnvironment();
  if (forced) return named(environmentVariable, forced);
  for (const candidate of candidates) {
    const result = open(candidate);
    if (!("why" in result)) return result;
  }
  throw rangeError("ERR_BACKEND_UNSUPPORTED", `no backend works here: ${describe(candidates)}`); // js always opens
}

/**
 * The kernels for a call that moves or multiplies this many floats: below what a call into the backend costs, the
 * specification does it sooner, with the same bits.
 */
export function kernelsFor(backend: Backend, floats: number): Kernels {
  return floats < backend.callCost ? specification : backend.kernels;
}

/** "native:avx2": the name that forces exactly this implementation. */
export function implementationName(backend: { readonly name: string; readonly isa: string }): string {
  return `${backend.name}:${backend.isa}`;
}

function named(argument: string, name: unknown): Backend {
  if (typeof name !== "string") {
    throw typeError(
      "ERR_INVALID_ARG_TYPE",
      `${argument} is ${show(name)}, expected the name of a backend, such as "wasm"`,
    );
  }
  const matches = candidates.filter((each) => each.name === name || implementationName(each) === name);
  for (const candidate of matches) {
    const result = open(candidate);
    if (!("why" in result)) return result;
  }
  const [code, expected] =
    matches.length === 0
      ? (["ERR_UNKNOWN_BACKEND", "one of"] as const)
      : (["ERR_BACKEND_UNSUPPORTED", "one that works here, of"] as const);
  throw rangeError(code, `${argument} is ${show(name)}, expected ${expected} ${describe(candidates)}`);
}

function open(candidate: Candidate): Backend | { readonly why: string } {
  let result = opened.get(candidate);
  if (result === undefined) {
    if ("why" in candidate) result = { why: candidate.why };
    else {
      try {
        result = candidate.open();
      } catch (error) {
        result = { why: error instanceof Error ? error.message : String(error) };
      }
    }
    opened.set(candidate, result);
  }
  return result;
}

function describe(known: readonly Candidate[]): string {
  const parts = known.map((candidate) => {
    const result = open(candidate);
    const name = implementationName(candidate);
    return "why" in result ? `${name} (unsupported: ${result.why})` : name;
  });
  return parts.join(", ");
}

function readEnvironment(): string | undefined {
  try {
    const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
    return process?.env?.[environmentVariable];
  } catch {
    return undefined; // some runtimes ask for a permission: no answer is no wish
  }
}
