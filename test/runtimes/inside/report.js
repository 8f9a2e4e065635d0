/** What a runtime says of itself, in JSON: the implementation it chose, how soon the first row was there, and the digest of each that works. */
import { conform } from "./conformance.js";

/**
 * `nn` has the names of nn-embedding and nn-embedding/optim, `started` is when the program began, by `now`. The first rows are looked up
 * before anything else, large enough to reach a kernel. `only` names the implementation to check, instead of all.
 */
export function report(nn, { started = 0, now = () => 0, only } = {}) {
  const first = new nn.Embedding(64, 64);
  first.forward(Uint32Array.from({ length: 64 }, (_, i) => i));
  const firstLookup = now() - started;
  const chosen = first.weight.implementation;
  first.dispose();
  const digests = {};
  let milliseconds = 0;
  const working = nn.backends().filter(({ supported }) => supported);
  for (const each of working.map(({ name, isa }) => `${name}:${isa}`)) {
    if (only !== undefined && each !== only) continue;
    const start = now();
    digests[each] = conform(nn, each).digest;
    if (each === chosen) milliseconds = now() - start;
  }
  return { chosen, firstLookup, milliseconds, digests };
}
