interface Environment {
  readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> };
  readonly Deno?: { readonly permissions: { querySync(wanted: object): { readonly state: string } } };
}

/** What an environment variable says; undefined where it is not set, or empty, or where there is no environment. */
export function readEnvironment(name: string): string | undefined {
  try {
    const { process, Deno } = globalThis as Environment;
    // Whoever reads without permission has Deno ask the user, and waits for the answer; this does not ask.
    if (Deno !== undefined && Deno.permissions.querySync({ name: "env", variable: name }).state !== "granted") return;
    return process?.env?.[name] || undefined;
  } catch {
    return undefined; // it is not shown: nothing is forced
  }
}

/** The environment variable that says which implementation layers use unless told otherwise. */
export const backendVariable = "NN_EMBEDDING_BACKEND";

/** Why nothing native is tried unless somebody names it: the way out where an addon ends the process. undefined where it may be. */
export function whyNotNative(): string | undefined {
  const wanted = readEnvironment(backendVariable);
  return wanted !== undefined && /^(wasm|js)(:|$)/.test(wanted)
    ? `not tried: ${backendVariable} is ${wanted}`
    : undefined;
}
