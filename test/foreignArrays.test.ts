import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { Embedding, EmbeddingBag, Unembedding } from "../src/index.js";
import { onEveryImplementation } from "./conformance/implementations.js";

/** Arrays that are not what they seem: of another realm, with getters that come back in, or whose length lies. */
const table = Float32Array.from({ length: 24 }, (_, i) => i / 8 - 1);

onEveryImplementation(({ name: backend }) => {
  const foreign = (length: number): Float32Array => runInNewContext(`new Float32Array(${length})`) as Float32Array;

  test("floats of another realm are floats", () => {
    using tokens = Embedding.fromPretrained(table, { embeddingDim: 3, freeze: false, backend });
    const indices = Uint32Array.from({ length: 64 }, (_, i) => i % 8);
    const out = foreign(192);
    expect(tokens.forward(indices, out)).toBe(out);
    expect(Array.from(out)).toEqual(Array.from(tokens.forward(indices)));

    const gradOut = foreign(192).fill(0.5);
    tokens.backward(indices, gradOut);
    expect(tokens.weight.grad?.values).toEqual(new Float32Array(24).fill(4));
  });

  test("weights of bags too", () => {
    using bag = EmbeddingBag.fromPretrained(table, { embeddingDim: 3, mode: "sum", backend });
    const bags = { indices: Uint32Array.from({ length: 64 }, (_, i) => i % 8), bagSize: 64 };
    const weights = foreign(64).fill(0.25);
    const expected = bag.forward({ ...bags, perSampleWeights: new Float32Array(64).fill(0.25) });
    expect(bag.forward({ ...bags, perSampleWeights: weights })).toEqual(expected);
  });

  test("targets that resize the table while they are read are looked at again", () => {
    using tokens = Embedding.fromPretrained(table, { embeddingDim: 3, freeze: false, backend });
    using head = new Unembedding(tokens.weight);
    const targets: number[] = [7, 7];
    Object.defineProperty(targets, 1, {
      get() {
        tokens.resize(2);
        return 7;
      },
    });
    expect(() => head.loss(new Float32Array(6), targets)).toThrow(/targets\[0\] is 7, expected an integer in \[0, 2\)/);
    expect(tokens.weight.grad).toBeNull();
  });

  test("a length that lies ends in a refusal, not in zeros", () => {
    using tokens = Embedding.fromPretrained(table, { embeddingDim: 3, backend });
    class Lying extends Uint32Array {
      override get length(): number {
        return 3;
      }
    }
    expect(() => tokens.forward(new Lying([1, 2]), new Float32Array(9))).toThrow();
  });
});
