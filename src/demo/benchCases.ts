import { Embedding, EmbeddingBag, Generator, Unembedding } from "nn-embedding";

/** A job that every implementation does. */
export interface BenchCase {
  readonly name: string;
  readonly what: string;
  /** Does it once and hands over the result, of which every bit is compared. */
  readonly run: () => Float32Array;
}

const [numEmbeddings, embeddingDim, numIds] = [20_000, 64, 16_384];
const [bagSize, numHidden] = [16, 8];

/** The jobs, on one implementation: "js", "wasm:scalar" or "wasm:simd". The same seed gives all of them the same numbers. */
export function prepareCases(backend: string): { readonly cases: readonly BenchCase[]; dispose(): void } {
  const generator = new Generator(1);
  const ids = Uint32Array.from({ length: numIds }, () => generator.uint32() % numEmbeddings);
  // > shown
  const tokens = new Embedding(numEmbeddings, embeddingDim, { backend, generator }); // "js", "wasm:scalar" or "wasm:simd"
  const bags = EmbeddingBag.fromPretrained(tokens.weight.data.slice(), { embeddingDim, mode: "sum", backend });
  const head = new Unembedding(tokens.weight);
  const lookUp = () => tokens.forward(ids, rows);
  const pool = () => bags.forward({ indices: ids, bagSize }, pooled);
  const score = () => head.forward(hidden, scores);
  const addUp = () => tokens.backward(ids, rows);
  // < shown
  const rows = new Float32Array(numIds * embeddingDim);
  const pooled = new Float32Array((numIds / bagSize) * embeddingDim);
  const hidden = tokens.forward(ids.subarray(0, numHidden));
  const scores = new Float32Array(numHidden * numEmbeddings);
  lookUp();
  const thousand = (count: number) => count.toLocaleString("en-US");
  return {
    cases: [
      {
        name: "Look up",
        what: `${thousand(numIds)} rows of a ${thousand(numEmbeddings)} × ${embeddingDim} table`,
        run: lookUp,
      },
      { name: "Pool", what: `${thousand(numIds / bagSize)} bags of ${bagSize} rows, summed`, run: pool },
      { name: "Score", what: `${numHidden} rows against all ${thousand(numEmbeddings)}`, run: score },
      {
        name: "Scatter-add",
        what: `${thousand(numIds)} gradients into their rows`,
        run: () => {
          tokens.weight.zeroGrad();
          addUp();
          return tokens.weight.grad!.values;
        },
      },
    ],
    dispose() {
      bags.dispose();
      tokens.dispose();
    },
  };
}
