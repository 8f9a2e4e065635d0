/** What an environment variable says; undefined where it is not set, or empty, or where there is no environment. */
export function readEnvironment(name: string): string | undefined {
  try {
    const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
    return process?.env?.[name] || undefined;
  } catch {
    return undefined; // some runtimes ask for a permission: without an answer nothing is forced
  }
}
