/** The least that a worker with the package can do: the first lookup in a table that it brings. */
import { Embedding } from "nn-embedding";

const table = Embedding.fromPretrained(new Float32Array(4096), { embeddingDim: 64 });

export default {
  fetch: () => new Response(`${table.forward(Uint32Array.from({ length: 64 }, (_, i) => i)).length}`),
};
