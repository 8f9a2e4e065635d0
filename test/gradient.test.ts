import { describe, expect, test } from "vitest";
import { Embedding } from "../src/layers/embedding.js";
import { Unembedding } from "../src/layers/unembedding.js";
import { expectSameBits } from "./conformance/bits.js";
import { filled, Random } from "./conformance/cases.js";
import { onEveryImplementation } from "./conformance/implementations.js";

const [numEmbeddings, dim] = [60, 24];
const weight = filled(new Random(1), numEmbeddings * dim);
const longGradOut = filled(new Random(3), 2_000 * 256);

/** weight.grad as the law states it: one f32 add for each index in turn, padding passed over. */
function lawOf(batches: readonly Batch[], paddingIdx?: number): Float32Array {
  const grad = new Float32Array(numEmbeddings * dim);
  for (const { indices, gradOut } of batches) {
    indices.forEach((row, i) => {
      if (row !== paddingIdx) for (let j = 0; j < dim; j++) grad[row * dim + j] += gradOut[i * dim + j];
    });
  }
  return grad;
}

interface Batch {
  readonly indices: Uint32Array;
  readonly gradOut: Float32Array;
}

/** A batch with repeated rows, drawn from a part of the table so that batches share some rows and not others. */
function batch(random: Random, numIndices: number, from = 0, to = numEmbeddings): Batch {
  const indices = Uint32Array.from({ length: numIndices }, () => from + random.below(to - from));
  return { indices, gradOut: filled(random, numIndices * dim) };
}

// Batches of 3 stay in JavaScript, those of 100 reach the kernels.
const batchLists: Record<string, (random: Random) => Batch[]> = {
  "one small batch": (r) => [batch(r, 3)],
  "one large batch": (r) => [batch(r, 100)],
  "an empty batch": (r) => [batch(r, 0)],
  "three batches that overlap in part": (r) => [batch(r, 100, 20, 40), batch(r, 3, 35, 60), batch(r, 100, 0, 30)],
  "an empty one between two": (r) => [batch(r, 50), batch(r, 0), batch(r, 50)],
  "later rows before earlier ones": (r) => [batch(r, 40, 50, 60), batch(r, 40, 0, 10), batch(r, 40, 25, 35)],
  "ever larger ones, for which the room grows": (r) => [1, 2, 5, 20, 100, 300].map((size) => batch(r, size)),
};

onEveryImplementation(({ name: backend }) => {
  const make = (options = {}) =>
    Embedding.fromPretrained(weight, { embeddingDim: dim, freeze: false, backend, ...options });

  describe.each(Object.entries(batchLists))("%s", (_, batchesOf) => {
    test.each([undefined, 25])("dense and sparse gradients are the law's, bit for bit, paddingIdx %s", (paddingIdx) => {
      const batches = batchesOf(new Random(2));
      const padding = paddingIdx === undefined ? {} : { paddingIdx };
      using dense = make(padding);
      using sparse = make({ sparse: true, ...padding });
      for (const { indices, gradOut } of batches) for (const each of [dense, sparse]) each.backward(indices, gradOut);

      expectSameBits(dense.weight.grad!.toDense(), lawOf(batches, paddingIdx), "dense");
      expectSameBits(sparse.weight.grad!.toDense(), lawOf(batches, paddingIdx), "sparse");
      const grad = sparse.weight.grad!;
      if (grad.kind !== "sparse") throw new Error(`grad is ${grad.kind}`);
      const touched = [...new Set(batches.flatMap(({ indices }) => [...indices]))].filter((row) => row !== paddingIdx);
      expect([...grad.rows]).toEqual(touched.sort((a, b) => a - b));
      expect(grad.values).toHaveLength(grad.rows.length * dim);
    });

    test("two calls give the bits of one call with both lists joined", () => {
      const batches = batchesOf(new Random(3));
      const joined = {
        indices: Uint32Array.from(batches.flatMap(({ indices }) => [...indices])),
        gradOut: Float32Array.from(batches.flatMap(({ gradOut }) => [...gradOut])),
      };
      for (const sparse of [false, true]) {
        using apart = make({ sparse });
        using together = make({ sparse });
        for (const { indices, gradOut } of batches) apart.backward(indices, gradOut);
        together.backward(joined.indices, joined.gradOut);
        expectSameBits(apart.weight.grad!.toDense(), together.weight.grad!.toDense(), `sparse: ${sparse}`);
      }
    });
  });

  test("a batch of nothing but padding has a gradient without rows", () => {
    using sparse = make({ sparse: true, paddingIdx: 7 });
    sparse.backward([7, 7], filled(new Random(1), 2 * dim));
    expect(sparse.weight.grad).toMatchObject({ kind: "sparse", rows: new Uint32Array(0), shape: [numEmbeddings, dim] });
    expect(sparse.weight.grad!.toDense()).toEqual(new Float32Array(numEmbeddings * dim));
  });

  test("padding with infinities and NaN in its gradient leaves no trace", () => {
    const gradOut = filled(new Random(1), 100 * dim)
      .fill(Number.NaN, 0, dim)
      .fill(Number.POSITIVE_INFINITY, dim, 2 * dim);
    const indices = Uint32Array.from({ length: 100 }, (_, i) => (i < 2 ? 7 : i % 5));
    for (const sparse of [false, true]) {
      using layer = make({ sparse, paddingIdx: 7 });
      layer.backward(indices, gradOut);
      layer.backward(indices, gradOut);
      expect(layer.weight.grad!.toDense().every(Number.isFinite)).toBe(true);
    }
  });

  describe("a tied weight, sparse from below and dense from above", () => {
    const { indices, gradOut } = batch(new Random(4), 30);
    const hidden = filled(new Random(5), 4 * dim);
    const gradLogits = filled(new Random(6), 4 * numEmbeddings);

    test.each(["sparse, then dense", "dense, then sparse"])("%s: the sum, dense", (order) => {
      using reference = make();
      using tokens = make({ sparse: true });
      const head = new Unembedding(tokens.weight);
      const below = (layer: Embedding) => layer.backward(indices, gradOut);
      const above = (over: Unembedding) => over.backward(hidden, gradLogits);
      if (order === "sparse, then dense") {
        below(tokens);
        expect(tokens.weight.grad!.kind).toBe("sparse");
        above(head);
        below(reference);
        above(new Unembedding(reference.weight));
      } else {
        above(head);
        below(tokens);
        above(new Unembedding(reference.weight));
        below(reference);
      }
      expect(tokens.weight.grad!.kind).toBe("dense");
      expectSameBits(tokens.weight.grad!.toDense(), reference.weight.grad!.toDense(), "grad");
    });
  });

  test("zeroGrad forgets, and nothing of what was there shows in the next gradient", () => {
    for (const sparse of [false, true]) {
      using layer = make({ sparse });
      for (const seed of [7, 8, 9]) {
        const next = batch(new Random(seed), 40);
        layer.backward(next.indices, next.gradOut);
        expectSameBits(layer.weight.grad!.toDense(), lawOf([next]), `seed ${seed}, sparse: ${sparse}`);
        layer.weight.zeroGrad();
        expect(layer.weight.grad).toBeNull();
      }
      new Unembedding(layer.weight).backward(new Float32Array(dim), new Float32Array(numEmbeddings));
      expect(layer.weight.grad!.toDense()).toEqual(new Float32Array(numEmbeddings * dim));
    }
  });

  test("a frozen weight gets no gradient, and gets one again when it is thawed", () => {
    using layer = make({ freeze: true });
    const { indices, gradOut } = batch(new Random(1), 40);
    layer.backward(indices, gradOut);
    new Unembedding(layer.weight).backward(gradOut, new Float32Array(40 * numEmbeddings));
    expect(layer.weight.grad).toBeNull();
    layer.weight.requiresGrad = true;
    layer.backward(indices, gradOut);
    expectSameBits(layer.weight.grad!.toDense(), lawOf([{ indices, gradOut }]), "thawed");
  });

  test("gradOut and indices may be views of the backend's own memory, which grows while the gradient is made", () => {
    // A table of 8 MB: its gradient does not fit into what WASM memory there is.
    const [numRows, rowLength, numIndices] = [8_000, 256, 2_000];
    const zeros = new Float32Array(numRows * rowLength);
    for (const sparse of [false, true]) {
      using tokens = Embedding.fromPretrained(zeros, { embeddingDim: rowLength, freeze: false, backend, sparse });
      using source = Embedding.fromPretrained(longGradOut, { embeddingDim: rowLength, backend });
      using list = Embedding.fromPretrained(new Float32Array(numIndices), { embeddingDim: 1, backend });
      const { buffer, byteOffset } = list.weight.data;
      const indices = new Uint32Array(buffer, byteOffset, numIndices).map((_, i) => (i * 7) % 1500);
      new Uint32Array(buffer, byteOffset, numIndices).set(indices);
      tokens.backward(new Uint32Array(buffer, byteOffset, numIndices), source.weight.data);
      const expected = new Float32Array(numRows * rowLength);
      for (let i = 0; i < numIndices; i++) {
        for (let j = 0; j < rowLength; j++) expected[indices[i] * rowLength + j] += longGradOut[i * rowLength + j];
      }
      expectSameBits(tokens.weight.grad!.toDense(), expected, `sparse: ${sparse}`);
    }
  });

  test("toDense is a copy that stays; values is a view that may be written to", () => {
    for (const sparse of [false, true]) {
      using layer = make({ sparse });
      layer.backward([3], new Float32Array(dim).fill(2));
      const kept = layer.weight.grad!.toDense();
      layer.weight.grad!.values.fill(5);
      expect(layer.weight.grad!.toDense()[3 * dim]).toBe(5);
      expect(kept[3 * dim]).toBe(2);
    }
  });

  test("after dispose there is no gradient", () => {
    const layer = make();
    layer.backward([3], new Float32Array(dim));
    layer.dispose();
    layer.dispose();
    expect(layer.weight.grad).toBeNull();
    layer.weight.zeroGrad();
  });
});
