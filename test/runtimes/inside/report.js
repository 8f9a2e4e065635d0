/** What a runtime says of itself, in JSON: the implementation it chose, how soon the first row was there, and the digest of each that works. */
import { conform } from "./conformance.js";

/**
 * `nn` has the names of nn-embedding and nn-embedding/optim; `now` tells the milliseconds since the program was started. The first rows are
 * looked up before anything else, enough of them to reach a kernel. `isShort`: only the implementation that is chosen is checked.
 */
export function report(nn, { now = () => Date.now(), isShort = false } = {}) {
  const first = new nn.Embedding(64, 64);
  first.forward(Uint32Array.from({ length: 64 }, (_, i) => i));
  const firstLookup = now();
  const chosen = first.weight.implementation;
  first.dispose();
  const digests = {};
  let milliseconds = 0;
  const working = nn.backends().filter(({ supported }) => supported);
  for (const each of working.map(({ name, isa }) => `${name}:${isa}`)) {
    if (isShort && each !== chosen) continue;
    const start = now();
    digests[each] = conform(nn, each).digest;
    if (each === chosen) milliseconds = now() - start;
  }
  return { chosen, firstLookup, milliseconds, digests };
}
