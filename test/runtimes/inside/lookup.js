/** The least that a worker with the package can do: its first lookup. */
import { Embedding } from "nn-embedding";

const table = new Embedding(64, 64);

export default {
  fetch: () => new Response(`${table.forward(Uint32Array.from({ length: 64 }, (_, i) => i)).length}`),
};
